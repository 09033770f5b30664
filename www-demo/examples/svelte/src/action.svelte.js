import { explain } from "example-shared/explain.js";

/** Runs one thing at a time, and keeps what went wrong with the last. */
export class Action {
  busy = $state(false);
  problem = $state.raw();

  async run(work) {
    this.busy = true;
    this.problem = undefined;
    try {
      await work();
    } catch (error) {
      this.problem = explain(error);
    } finally {
      this.busy = false;
    }
  }
}
