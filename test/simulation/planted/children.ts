/** Bugs in what a run and its child runs tell each other. */
import type { PlantedBug } from "./bug.ts";

const ENDS = "shared/core/run/child-ends.ts";
const EFFECTS = "shared/core/run/effects.ts";
const CHILDREN = "shared/app/deliver/children.ts";

export const CHILD_BUGS: readonly PlantedBug[] = [
  {
    name: "child's end counted twice",
    breaks: ["S4"],
    changes: [
      {
        file: ENDS,
        find: "draft.details[slot]?.child === childId",
        replace: "childId !== undefined",
      },
    ],
  },
  {
    name: "child run that goes on after nobody waits for it",
    breaks: ["L7"],
    changes: [
      {
        file: "shared/core/run/advance.ts",
        find: "  cancelAbandoned(draft);\n",
        replace: "",
      },
    ],
  },
  {
    name: "child run that is cancelled before it is there, and started late",
    breaks: ["S11"],
    changes: [
      {
        file: CHILDREN,
        find: "there !== undefined || effect.started)",
        replace: "there !== undefined || effect.childId.length > 0)",
      },
    ],
  },
  {
    name: "child run of the next try beside the one before",
    breaks: ["S3"],
    changes: [
      {
        file: EFFECTS,
        find: " && !head.effects.some((other) => follows(effect, other))",
        replace: "",
      },
    ],
  },
  {
    name: "child run's end acknowledged before its parent has heard it",
    breaks: ["S11"],
    changes: [
      {
        file: "shared/app/deliver/tell.ts",
        find: "return [toRun(parent.runId, {",
        replace: "return [acknowledged, toRun(parent.runId, {",
      },
    ],
  },
  {
    name: "child run started anew by each telling",
    breaks: ["S1"],
    changes: [
      {
        file: CHILDREN,
        find: "    const child = await findOrPut(engine, parent, effect);",
        replace:
          '    const childId = `${effect.childId}-${engine.ids.suffix()}` as Start["childId"];\n    const child = await findOrPut(engine, parent, { ...effect, childId });',
      },
    ],
  },
];
