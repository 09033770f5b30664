interface ImportMetaEnv {
  /** The API's address, from `example-shared/vite.js`. */
  readonly VITE_AUTHSIGNAL_URL: string;
}
