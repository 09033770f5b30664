import { Authsignal } from "authsignal-wasm";
import { enrol } from "./enrol.cjs";

enrol(Authsignal);
