/** What `localStorage` has under a key, as JSON; whoever calls these survives what they throw (src/storage.rs). */
export const stored = (key) => JSON.parse(localStorage.getItem(key));

export const store = (key, value) => localStorage.setItem(key, JSON.stringify(value));
