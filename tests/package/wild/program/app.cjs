const { Authsignal } = require("authsignal-wasm");
const { enrol } = require("./enrol.cjs");

enrol(Authsignal);
