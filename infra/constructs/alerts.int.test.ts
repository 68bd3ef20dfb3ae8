import { App, Stack } from "aws-cdk-lib";
import { Template } from "aws-cdk-lib/assertions";
import { EventBus } from "aws-cdk-lib/aws-events";
import { expect, test } from "vitest";
import { Alerts } from "./alerts.ts";

interface RuleTarget {
  readonly Arn: unknown;
  readonly InputTransformer?: { readonly InputPathsMap: object; readonly InputTemplate: string };
}

const rulesOf = (
  template: Template,
): readonly { readonly EventPattern: object; readonly Targets: readonly RuleTarget[] }[] =>
  Object.values(template.findResources("AWS::Events::Rule")).map((rule) => rule["Properties"]);

test("tells of failed runs, missed deadlines and paused DAGs, with what to type next", () => {
  const stack = new Stack(new App(), "Alerts");
  new Alerts(stack, "Alerts", { environment: "test", bus: new EventBus(stack, "Bus"), emails: [] });

  const told = rulesOf(Template.fromStack(stack)).map(({ EventPattern, Targets }) => ({
    EventPattern,
    ...Targets[0]?.InputTransformer,
  }));

  expect(told).toEqual([
    {
      EventPattern: { source: ["freshet"], "detail-type": ["run_ended"], detail: { state: ["failed"] } },
      InputPathsMap: { "detail-text": "$.detail.text", time: "$.time", "detail-runId": "$.detail.runId" },
      InputTemplate: [
        '"test: <detail-text>"',
        '"at <time>. What to type next:"',
        '"npx freshet why <detail-runId> --env test"',
        '"npx freshet retry <detail-runId> --env test"',
      ].join("\n"),
    },
    {
      EventPattern: { source: ["freshet"], "detail-type": ["run_deadline_missed"] },
      InputPathsMap: {
        "detail-text": "$.detail.text",
        time: "$.time",
        "detail-runId": "$.detail.runId",
        "detail-dagId": "$.detail.dagId",
      },
      InputTemplate: [
        '"test: <detail-text>"',
        '"at <time>. What to type next:"',
        '"npx freshet why <detail-runId> --env test"',
        '"npx freshet runs <detail-dagId> --late --env test"',
      ].join("\n"),
    },
    {
      EventPattern: { source: ["freshet"], "detail-type": ["dag_paused"] },
      InputPathsMap: { "detail-text": "$.detail.text", time: "$.time", "detail-dagId": "$.detail.dagId" },
      InputTemplate: [
        '"test: <detail-text>"',
        '"at <time>. What to type next:"',
        '"npx freshet why <detail-dagId> --env test"',
        '"npx freshet resume <detail-dagId> --env test"',
      ].join("\n"),
    },
  ]);
});
