import { Stack, Tags, type StackProps } from "aws-cdk-lib";
import type { Construct } from "constructs";
import type { EnvironmentConfig } from "../config.ts";
import { Freshet } from "../constructs/freshet.ts";
import type { CompiledRelease } from "../compile.ts";

export interface OrchestratorStackProps extends StackProps {
  readonly environment: string;
  readonly config: EnvironmentConfig;
  readonly dags: string;
  readonly projectRoot: string;
  readonly compiled?: CompiledRelease;
}

/** This project's Freshet, in a stack of its own for each environment. */
export class OrchestratorStack extends Stack {
  readonly freshet: Freshet;

  constructor(scope: Construct, id: string, props: OrchestratorStackProps) {
    super(scope, id, props);
    this.freshet = new Freshet(this, "Freshet", props);
    for (const [key, value] of Object.entries(props.config.tags)) Tags.of(this).add(key, value);
  }
}
