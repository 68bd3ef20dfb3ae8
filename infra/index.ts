/** For CDK apps that have a Freshet among other things: `import { Freshet } from "freshet/infra"`. */
export type { AlertingConfig, BucketConfig, EnvironmentConfig, SchedulesConfig, WorkersConfig } from "./config.ts";
export { Freshet, type FreshetProps } from "./constructs/freshet.ts";
