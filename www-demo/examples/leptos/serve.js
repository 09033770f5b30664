import { serve } from "example-shared/serve.js";

serve(new URL("./", import.meta.url));
