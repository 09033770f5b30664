/** Where the API is. `AUTHSIGNAL_URL` names another than that of `cargo xtask serve`. */
export const apiUrl = process.env.AUTHSIGNAL_URL ?? "http://localhost:8787/v1";
