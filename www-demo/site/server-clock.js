// The server's clock, which its operator can move in local mode. Not what an app does: it would trust its own.

/** Taken before the wire is tapped: looking at the clock belongs to no step. */
const { fetch } = globalThis;

/** What the server's clock says now, in milliseconds. */
export async function serverTime() {
  const { now } = (await read()) ?? {};
  return now ? Date.parse(now) : Date.now();
}

/** Whether the clock can be moved. */
export async function isMovable() {
  return (await read()) !== undefined;
}

let isThere = true;

/** `{now}`; nothing outside of local mode. */
async function read() {
  if (!isThere) return undefined;
  const response = await fetch("/local/clock");
  isThere = response.ok;
  return isThere ? response.json() : undefined;
}
