/** Fails, so that somebody is told. */
import { dag, permanent, task } from "freshet";

const fail = task("fail", {
  run: ({ environment }) => permanent(`nothing was delivered to ${environment.name}`),
});

export default dag("failing", { owner: "ann", runbook: "docs/runbooks/restore.md", tasks: [fail] });
