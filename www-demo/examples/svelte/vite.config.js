import { svelte } from "@sveltejs/vite-plugin-svelte";
import { withBackend } from "example-shared/vite.js";

export default { plugins: [svelte(), withBackend()] };
