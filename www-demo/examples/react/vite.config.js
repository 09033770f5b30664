import react from "@vitejs/plugin-react";
import { withBackend } from "example-shared/vite.js";

export default { plugins: [react(), withBackend()] };
