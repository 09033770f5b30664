import { explain } from "example-shared/explain.js";
import { useState } from "react";

/** Runs one thing at a time, and keeps what went wrong with the last. */
export function useAction() {
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<ReturnType<typeof explain>>();
  const run = async (work: () => Promise<void>) => {
    setBusy(true);
    setProblem(undefined);
    try {
      await work();
    } catch (error) {
      setProblem(explain(error));
    } finally {
      setBusy(false);
    }
  };
  return { busy, problem, run };
}
