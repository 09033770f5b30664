import { explain } from "example-shared/explain.js";
import { readonly, ref, shallowRef } from "vue";

/** Runs one thing at a time, and keeps what went wrong with the last. */
export function useAction() {
  const busy = ref(false);
  const problem = shallowRef();
  const run = async (work) => {
    busy.value = true;
    problem.value = undefined;
    try {
      await work();
    } catch (error) {
      problem.value = explain(error);
    } finally {
      busy.value = false;
    }
  };
  return { busy: readonly(busy), problem, run };
}
