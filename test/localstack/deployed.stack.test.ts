/** One deployment's life, told in order: each chapter goes on where the one before has left it. */
import { beforeAll } from "vitest";
import { alertsChapter } from "./chapters/alerts.ts";
import { commandsChapter } from "./chapters/commands.ts";
import { contractsChapter } from "./chapters/contracts.ts";
import { deploymentsChapter } from "./chapters/deployments.ts";
import { historyChapter } from "./chapters/history.ts";
import { pipelinesChapter } from "./chapters/pipelines.ts";
import { rolesChapter } from "./chapters/roles.ts";
import { trialsChapter } from "./chapters/trials.ts";
import { workersChapter } from "./chapters/workers.ts";
import { openDeployed, type DeployedWorld } from "./world.ts";

let world: DeployedWorld;
beforeAll(async () => {
  world = await openDeployed();
});

const present = (): DeployedWorld => world;
/** A deployment may have made queues and functions anew. */
const moved = (next: DeployedWorld): void => {
  world = next;
};

pipelinesChapter(present, () => contractsChapter(present));
trialsChapter(present, moved);
alertsChapter(present);
commandsChapter(present);
workersChapter(present); // They also take what the commands have left them.
deploymentsChapter(present, moved);
historyChapter(present);
rolesChapter(present);
