/** The DAGs of a deployment: their versions and code as assets, and the custom resource that takes them in. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { CustomResource, Duration, Stack, Token } from "aws-cdk-lib";
import { Asset } from "aws-cdk-lib/aws-s3-assets";
import { Construct } from "constructs";
import type { CompiledRelease } from "../compile.ts";
import type { EngineFunction } from "./function.ts";

/** Of one answer to CloudFormation. */
const ANSWER_TIMEOUT = Duration.minutes(5);
/** Hex digits of a bundle's hash in the id of its asset. */
const ID_DIGITS = 16;

export interface ReleaseProps {
  readonly compiled: CompiledRelease;
  readonly registrar: EngineFunction;
  readonly out: string;
}

/** Makes these versions the ones that new runs get, once everything else of the deployment is there. */
export class DeployedRelease extends Construct {
  readonly resource: CustomResource;

  constructor(scope: Construct, id: string, { compiled, registrar, out }: ReleaseProps) {
    super(scope, id);
    const { release, fileOf } = compiled;
    const uploads: Record<string, string> = {};
    for (const hash of new Set(release.dags.map(({ bundle }) => bundle))) {
      const asset = new Asset(this, `Bundle-${hash.slice(0, ID_DIGITS)}`, { path: fileOf(hash) });
      uploads[hash] = keyOf(asset);
    }
    const index = join(out, "uploaded-release.json");
    writeFileSync(index, JSON.stringify({ ...release, uploads }));
    const asset = new Asset(this, "Index", { path: index });
    const assets = Stack.of(this).formatArn({ service: "s3", region: "", account: "", resource: asset.s3BucketName });
    registrar.allow(
      ["s3:GetObject"],
      [`${assets}/*`],
      "An earlier release, whose assets have other names, is read when a deployment is rolled back.",
    );
    registrar.allow(["s3:ListBucket"], [assets]);
    this.resource = new CustomResource(this, "Resource", {
      resourceType: "Custom::FreshetRelease",
      serviceToken: registrar.function.functionArn,
      serviceTimeout: ANSWER_TIMEOUT,
      properties: { action: "register", bucket: asset.s3BucketName, key: keyOf(asset) },
    });
    this.resource.node.addDependency(registrar);
  }
}

function keyOf({ s3ObjectKey }: Asset): string {
  if (!Token.isUnresolved(s3ObjectKey)) return s3ObjectKey;
  throw new Error("the synthesizer of this stack does not tell the keys of assets: use the CDK's default one");
}
