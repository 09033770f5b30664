/**
 * What the page was opened with. The token goes out of the address bar, and the history, before the rest of the page is
 * there: this module is loaded by itself, first.
 */
export const query = new URLSearchParams(location.search);

history.replaceState(null, "", location.pathname);
