import { openEngine, type OpenEngine } from "./open-engine.ts";

/**
 * The engine of this sandbox. It is opened while the sandbox starts, since Lambda gives a whole processor then; what fails is
 * tried again for the next event, instead of ending the sandbox.
 */
export async function engineOf(env: NodeJS.ProcessEnv): Promise<() => Promise<OpenEngine>> {
  let opened: Promise<OpenEngine> | undefined;
  const engine = (): Promise<OpenEngine> => {
    opened ??= openEngine(env).catch((error: unknown) => {
      opened = undefined;
      throw error;
    });
    return opened;
  };
  await engine().catch(() => undefined);
  return engine;
}
