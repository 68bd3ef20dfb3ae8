/** The tasks of a DAG in Mermaid's words. */
import type { Manifest, TaskSpec } from "../../shared/core/manifest.ts";

/** Ids have only letters, digits, `_`, `-` and `.`: nothing that Mermaid would take for its own. */
export function mermaidOf({ tasks }: Manifest, direction: "LR" | "TD"): string {
  const names = new Map(tasks.map(({ taskId }, index) => [taskId, `t${index}`]));
  const lines = [`graph ${direction}`];
  for (const task of tasks) lines.push(`  ${names.get(task.taskId) ?? ""}${shape(task)}`);
  for (const task of tasks) {
    const to = names.get(task.taskId) ?? "";
    for (const { taskId, optional } of task.upstream) {
      lines.push(`  ${names.get(taskId) ?? ""} ${optional ? "-.->" : "-->"} ${to}`);
    }
    const direct = new Set(task.upstream.map(({ taskId }) => taskId));
    for (const taskId of task.setups) if (!direct.has(taskId)) lines.push(`  ${names.get(taskId) ?? ""} -.-> ${to}`);
  }
  return `${lines.join("\n")}\n`;
}

function shape({ taskId, kind, role, child, map }: TaskSpec): string {
  // A run of another DAG, as a subroutine is drawn.
  if (map !== null) return `["${taskId}, each of ${map.over}"]`;
  if (child !== null) return `[["${taskId} → ${child.dagId}"]]`;
  if (kind !== "task") return `{"${taskId}"}`;
  return role === "work" ? `["${taskId}"]` : `(["${taskId}"])`;
}
