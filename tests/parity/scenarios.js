/** All scenarios. One that may differ says why: `defect` (protocol list), `since` (newer than 1.16.0) or `decision`. */
import { client } from "./scenarios/client.js";
import { plain } from "./scenarios/plain.js";
import { passkey } from "./scenarios/passkey.js";
import { securityKey } from "./scenarios/security-key.js";
import { waits } from "./scenarios/waits.js";
import { launch } from "./scenarios/launch.js";
import { defects } from "./scenarios/defects.js";
import { badInput } from "./scenarios/bad-input.js";
import { additions } from "./scenarios/additions.js";

export const scenarios = [client, plain, passkey, securityKey, waits, launch, defects, badInput, additions].flat();
