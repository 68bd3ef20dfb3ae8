import { expect, test } from "vitest";
import { idleCost, type Template } from "./idle.ts";

const resource = (Type: string, Properties = {}): Template["Resources"][string] => ({ Type, Properties });

const DEPLOYMENT: Template = {
  Resources: {
    events: resource("AWS::Lambda::EventSourceMapping"),
    tasks: resource("AWS::Lambda::EventSourceMapping"),
    minute: resource("AWS::Events::Rule", { ScheduleExpression: "rate(1 minute)" }),
    arrivals: resource("AWS::Events::Rule", { EventPattern: {} }),
    tick: resource("AWS::Lambda::Function", { Description: "Freshet: wakes what is due", MemorySize: 256 }),
    ...Object.fromEntries([1, 2, 3, 4].map((n) => [`alarm${n}`, resource("AWS::CloudWatch::Alarm")])),
  },
};

const total = (template: Template): number => idleCost(template).reduce((sum, { dollars }) => sum + dollars, 0);

test("two polled queues, a tick and four alarms stay below a dollar a month", () => {
  expect(total(DEPLOYMENT)).toBeCloseTo(0.97, 1);
  expect(total(DEPLOYMENT)).toBeLessThan(1);
});

test("a key of its own would more than double it", () => {
  expect(total({ Resources: { ...DEPLOYMENT.Resources, key: resource("AWS::KMS::Key") } })).toBeGreaterThan(1.9);
});
