/** For an example's `vite.config.js`: the backend in Vite's own server, in development and in `vite preview`. */
import { backend } from "./backend.js";
import { apiUrl } from "./settings.js";

export const withBackend = () => ({
  name: "backend",
  config: () => ({ define: { "import.meta.env.VITE_AUTHSIGNAL_URL": JSON.stringify(apiUrl) } }),
  configureServer: (server) => void server.middlewares.use(backend),
  configurePreviewServer: (server) => void server.middlewares.use(backend),
});
