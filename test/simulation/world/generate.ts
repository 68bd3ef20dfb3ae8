/** The plan of a world, from its seed. What happens is bunched: people and files come when schedules fire, too. */
import type { Manifest, PoolSpec } from "../../../shared/core/manifest.ts";
import { instant } from "../../../shared/core/time.ts";
import { randomOf, type Random } from "../../../shared/simulated/random.ts";
import { firingsBetween } from "./clocks.ts";
import { changedDag, generateDag, type Customs, type Tempo } from "./dags.ts";
import { BENT_MORE, bentOf, type Bent } from "./bent.ts";
import { withChildren } from "./children.ts";
import { withDeadlines } from "./deadlines.ts";
import type { MapHabits } from "./graph.ts";
import { handActionsAt, movedAfter, pausedAround } from "./hand.ts";
import { BUCKET, type Action, type Outage, type PlannedAction, type WorldPlan } from "./plan.ts";
import { withPolicies } from "./policies.ts";
import { generatePools, resizesAt, withPools } from "./pools.ts";
import { placeOf, UTC, type Place } from "./zones.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
/** 2026-03-02, a Monday. */
const FIRST_DAY = Date.UTC(2026, 2, 2);

const SPAN_HOURS: Readonly<Record<Tempo, number>> = { hours: 3, day: 25, days: 50 };
/** Before it everything is registered; after the last one nothing new is asked for until the faults stop. */
const QUIET_START_MS = 3 * MINUTE_MS;

export function generateWorld(seed: number): WorldPlan {
  const random = randomOf(seed, "world");
  const tempo = random.weighted<Tempo>([
    [5, "hours"],
    [4, "day"],
    [1, "days"],
  ]);
  const bent = bentOf(random.fork("bent"));
  const usually = FIRST_DAY + random.integer(0, 300) * 24 * HOUR_MS + random.integer(0, 1_439) * MINUTE_MS;
  const place = placeAt(random.fork("place"));
  const startAt = startOf(random.fork("start"), place, tempo) ?? instant(usually);
  const minutes = [random.integer(0, 59), random.integer(0, 59)];
  const customs: Customs = {
    tempo,
    minutes,
    timezone: place.timezone,
    ...(bent === "versions" ? { maps: MAPS_OF_VERSIONS } : {}),
  };
  const count = random.pick([2, 3, 3, 3, 4]);
  const pools = generatePools(random.fork("pools"), bent);
  const pooled = random.fork("pooled");
  const parents = random.fork("parents");
  const children = bent === "children" || parents.chance(WITH_CHILDREN);
  const dags = Array.from({ length: count }, (_, index) => {
    const plain = withPools(pooled, generateDag(random, `dag${index + 1}`, customs), pools);
    const dag = withDeadlines(random.fork(`deadlines-${index}`), withPolicies(random.fork(`policies-${index}`), plain));
    return children ? withChildren(parents, dag, count, bent) : dag;
  });
  const outage = outageOf(random.fork("outage"), tempo, startAt, bent);
  const safetyMs = SPAN_HOURS[tempo] * HOUR_MS + (outage === undefined ? 0 : outage.until - outage.from);
  const setting = { bent, startAt, safetyMs, dags, pools, outage };
  return { ...setting, actions: generateActions(random, setting, { ...customs, pools, bent }) };
}

/** There runs are moved with their instances, in records of their own, too. */
const MAPS_OF_VERSIONS: MapHabits = { share: 0.7, widths: [2, 2, 3, 512] };

/** Of the worlds: their clocks hang where they do odd things, and do one while the world lasts. */
const WITH_ODD_CLOCKS = 0.3;

const placeAt = (random: Random): Place => (random.chance(WITH_ODD_CLOCKS) ? placeOf(random) : UTC);

/** So that the clock is changed while things go wrong; undefined: it never is. */
function startOf(random: Random, { changeAt }: Place, tempo: Tempo): WorldPlan["startAt"] | undefined {
  if (changeAt === null) return undefined;
  const before = random.integer(10 * MINUTE_MS, SPAN_HOURS[tempo] * HOUR_MS * 0.8);
  return instant(changeAt - before);
}

/** Of the worlds; more of those in which schedules are edited. */
const WITH_OUTAGE = 0.1;
const WITH_OUTAGE_OF_EDITS = 0.6;

/** So long that several dates fall due meanwhile. */
const OUTAGE_HOURS: Readonly<Record<Tempo, readonly [number, number]>> = {
  hours: [1, 5],
  day: [6, 30],
  days: [24, 80],
};

function outageOf(random: Random, tempo: Tempo, startAt: number, bent: Bent): Outage | undefined {
  if (!random.chance(bent === "edits" ? WITH_OUTAGE_OF_EDITS : WITH_OUTAGE)) return undefined;
  const [least, most] = OUTAGE_HOURS[tempo];
  const from = startAt + QUIET_START_MS + random.integer(0, SPAN_HOURS[tempo] * HOUR_MS * 0.6);
  return { from, until: from + random.integer(least * HOUR_MS, most * HOUR_MS) };
}

/** Of the worlds. */
const WITH_CHILDREN = 0.5;

type Setting = Pick<WorldPlan, "startAt" | "safetyMs" | "dags" | "pools" | "outage">;

function generateActions(random: Random, setting: Setting, context: Omit<Context, "index">): readonly PlannedAction[] {
  const moments = hotMoments(random, setting);
  // The last of each is the one that is deployed.
  const versions = setting.dags.map((dag) => [dag]);
  const actions: PlannedAction[] = [];
  const count = random.integer(4, 9);
  for (let index = 0; index < count; index++) {
    const at = random.pick(moments) + random.skewed(-5_000, random.chance(0.7) ? 20_000 : 600_000);
    actions.push(...actionsAt(random, at, versions, { ...context, index }));
  }
  return actions.toSorted((a, b) => a.at - b.at);
}

/** ... at twice as many times. */
const OUTAGE_MOMENTS = 2;

function hotMoments(random: Random, { startAt, safetyMs, dags, outage }: Setting): readonly number[] {
  const until = startAt + safetyMs - 20 * MINUTE_MS;
  const firings = dags.flatMap(({ schedule }) =>
    schedule === null ? [] : firingsBetween(schedule, startAt + QUIET_START_MS, until),
  );
  const moments = Array.from({ length: random.integer(1, 3) }, () => random.integer(startAt + QUIET_START_MS, until));
  for (let more = random.integer(0, 3); more > 0 && firings.length > 0; more--) moments.push(random.pick(firings));
  // While nothing runs, people go on; and most is done as it comes to life again.
  if (outage === undefined) return moments;
  const during = Array.from({ length: OUTAGE_MOMENTS }, () => random.integer(outage.from, outage.until));
  return [...moments, ...during, ...during.map(() => outage.until)];
}

interface Context extends Customs {
  readonly index: number;
  readonly pools: readonly PoolSpec[];
  readonly bent: Bent;
}

function actionsAt(random: Random, at: number, versions: Manifest[][], context: Context): readonly PlannedAction[] {
  const own = random.pick(versions);
  const dag = own.at(-1) as Manifest;
  const more = (of: Bent): number => (context.bent === of ? BENT_MORE : 1);
  const kind = random.weighted([
    [4, "start"],
    [1, "start_twice"],
    [5 * more("files"), "drop"],
    [2.5, "cancel"],
    [2.5 * more("edits") * more("versions"), "deploy"],
    [0.5, "remove"],
    [1.2 * more("backfills"), "backfill"],
    [0.5, "wake_all"],
    [context.pools.length === 0 ? 0 : 2.5 * more("pools"), "resize"],
    [6 * more("hands"), "hand"],
  ] as const);
  const start = (key: string | undefined): Action => ({ type: "start", dagId: dag.dagId, key });
  switch (kind) {
    case "start":
      return [{ at, action: start(undefined) }];
    case "start_twice": {
      const key = `request-${context.index}`;
      return [
        { at, action: start(key) },
        { at: at + random.skewed(0, 30_000), action: start(key) },
      ];
    }
    case "cancel":
      return [{ at: at + random.skewed(0, 60_000), action: { type: "cancel", pick: random.next() } }];
    case "hand":
      return handActionsAt(random.fork(`hand-${context.index}`), at, dag.dagId, context.bent);
    case "resize":
      return resizesAt(random, at, context.pools);
    case "backfill": {
      const change = (): PlannedAction => ({
        at: at + random.skewed(0, 600_000),
        action: { type: "change_backfill", pick: random.next() },
      });
      // Of hourly schedules a few hours, of daily ones some days.
      const days = context.tempo === "hours" ? 0.25 : random.integer(1, context.tempo === "day" ? 2 : 5);
      const action: Action = { type: "backfill", dagId: dag.dagId, days, pick: random.next() };
      return [{ at, action }, ...(random.chance(0.5) ? [change(), change()] : [])];
    }
    case "wake_all":
      return [{ at, action: { type: "wake_all" } }];
    case "remove": {
      // It comes back, by and by, as it was or as it once was.
      const back = random.pick(own);
      own.push(back);
      return [
        { at, action: { type: "remove", dagId: dag.dagId } },
        { at: at + random.skewed(2_000, 3_600_000), action: { type: "deploy", manifest: back } },
      ];
    }
    case "drop":
      return dropsAt(random, at, dag, context);
    default:
      return deploysAt(random, at, own, { ...context, dags: versions.map((each) => each.at(-1) as Manifest) });
  }
}

/** Of the deployments: those that bring an older version back. */
const ROLLED_BACK = 0.25;
/** ... and those after which somebody wants a run to go on with them; more in worlds that are about that. */
const MOVED = 0.25;
const MOVED_OF_VERSIONS = 0.8;

function deploysAt(
  random: Random,
  at: number,
  own: Manifest[],
  context: Context & { readonly dags: readonly Manifest[] },
): readonly PlannedAction[] {
  const dag = own.at(-1) as Manifest;
  const moves = random.fork(`moves-${context.index}`);
  const back = own.length > 1 && moves.chance(ROLLED_BACK) ? moves.pick(own.slice(0, -1)) : undefined;
  const manifest = back ?? nextVersion(random, dag, context);
  own.push(manifest);
  const deploy: PlannedAction = { at, action: { type: "deploy", manifest } };
  const moved = moves.chance(context.bent === "versions" ? MOVED_OF_VERSIONS : MOVED);
  const acts = [deploy, ...(moved ? [movedAfter(moves, at, dag.dagId), movedAfter(moves, at, dag.dagId)] : [])];
  // Some are careful, and pause what they are going to change.
  const paused = random.chance(context.bent === "edits" ? 0.4 : 0.1);
  return paused ? [...pausedAround(random.fork(`paused-${context.index}`), at, dag.dagId), ...acts] : acts;
}

function nextVersion(
  random: Random,
  dag: Manifest,
  { index, dags, pools, ...context }: Context & { readonly dags: readonly Manifest[] },
): Manifest {
  const edited = withDeadlines(random.fork(`deadlines-of-${index}`), changedDag(random, dag, context));
  const edits = random.fork(`edits-${index}`);
  if (edited.tasks === dag.tasks) return edited;
  // What is only edited keeps most of what it had.
  const anew = !edited.tasks.some((task) => dag.tasks.includes(task)) || edits.chance(0.3);
  const changed = anew ? withPolicies(random.fork(`policies-of-${index}`), edited) : edited;
  const pooled = anew || edits.chance(0.3) ? withPools(random.fork(`pooled-${index}`), changed, pools) : changed;
  const parents = dags.some(({ tasks }) => tasks.some(({ child }) => child !== null));
  return parents && anew ? withChildren(random.fork(`parents-${index}`), pooled, dags.length, context.bent) : pooled;
}

/** How long windows of others may wait. */
const WINDOWS_MS = [0, 0, 5_000, 60_000];

/** From one file that drips in to the next. */
const DRIP_GAP_MS_MAX = 250;

/** Some files at once; once in a while so many that their list does not fit into a record. */
function dropsAt(
  random: Random,
  at: number,
  { dagId, triggers }: Manifest,
  { index, bent }: Pick<Context, "index" | "bent">,
): readonly PlannedAction[] {
  const count = random.chance(0.01)
    ? 130
    : random.weighted([
        [4, 1],
        [3, 2],
        [2, 12],
        [16, 4],
      ]);
  const windowsMs = triggers.length === 0 ? WINDOWS_MS : triggers.map(({ debounceMs }) => debounceMs);
  const folder = random.chance(0.5) ? "raw/" : `raw/${dagId}/`;
  // Some drip in just as a window fires that the first has opened.
  const dripMs = count > 1 && (bent === "files" || random.chance(0.6)) ? random.pick(windowsMs) : undefined;
  return Array.from({ length: count }, (_, file): PlannedAction => {
    // The same key may come again with another content.
    const name = random.chance(0.2) ? "latest" : `part-${index}-${file}`;
    const key = `${folder}${name}.${random.pick(["csv", "json"])}`;
    const version = `v${index}.${file}`;
    const drips = dripMs !== undefined && file > 0;
    const afterMs = drips
      ? dripMs + file * random.skewed(20, DRIP_GAP_MS_MAX)
      : random.skewed(0, dripMs === undefined ? 90_000 : 1);
    return { at: at + afterMs, action: { type: "drop", bucket: BUCKET, key, version } };
  });
}
