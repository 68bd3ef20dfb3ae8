/** Roles that can do what they are granted, and nothing else. */
import { Stack, Validations } from "aws-cdk-lib";
import { Effect, PolicyStatement, Role } from "aws-cdk-lib/aws-iam";

/** A function or a container: whatever has a role of ours. */
export interface MayDo {
  /**
   * Exactly these actions on exactly these resources; `why` says of what names more than one that it is no more than
   * needed.
   */
  allow(actions: readonly string[], resources: readonly string[], why?: string): void;
}

export class LeastRole extends Role implements MayDo {
  allow(actions: readonly string[], resources: readonly string[], why?: string): void {
    this.addToPolicy(new PolicyStatement({ effect: Effect.ALLOW, actions: [...actions], resources: [...resources] }));
    for (const resource of resources) {
      const shown = shownArn(Stack.of(this).resolve(resource));
      if (!shown.includes("*")) continue;
      if (why === undefined) throw new Error(`${this.node.path}: ${shown} stands for many; say why`);
      Validations.of(this).acknowledge({ id: `AwsSolutions::AwsSolutions-IAM5[Resource::${shown}]`, reason: why });
    }
  }
}

/** An ARN with what is known only on AWS in angle brackets, as findings name it. */
function shownArn(resolved: unknown): string {
  if (typeof resolved === "string") return resolved;
  const value = resolved as Readonly<Record<string, unknown>>;
  const [, parts] = (value["Fn::Join"] ?? []) as readonly [string, readonly unknown[]];
  if (parts !== undefined) return parts.map(shownArn).join("");
  const attribute = value["Fn::GetAtt"] as readonly string[] | undefined;
  if (attribute !== undefined) return `<${attribute.join(".")}>`;
  const text = value["Fn::Sub"];
  if (typeof text === "string") return text.replaceAll("${", "<").replaceAll("}", ">");
  return `<${String(value["Ref"])}>`;
}
