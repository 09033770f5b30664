import vue from "@vitejs/plugin-vue";
import { withBackend } from "example-shared/vite.js";

export default { plugins: [vue(), withBackend()] };
