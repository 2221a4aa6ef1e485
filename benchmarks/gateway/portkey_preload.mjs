// Loaded into the Portkey gateway before its own code (`node --import`), for two reasons that the results page states:
// its streams fail as shipped because it changes the headers of a fetched response, which are immutable, so responses
// get fresh headers here; and it listens on all interfaces, so a listener without a host gets the loopback one.
import { Server } from "node:net";

const fetchOriginal = globalThis.fetch;
globalThis.fetch = async (...args) => {
  const response = await fetchOriginal(...args);
  return new Response(response.body, {
    status: response.status,
    statusText: response.statusText,
    headers: new Headers(response.headers),
  });
};

const listenOriginal = Server.prototype.listen;
Server.prototype.listen = function listen(...args) {
  if (typeof args[0] === "number" && typeof args[1] !== "string") args.splice(1, 0, "127.0.0.1");
  if (args[0] !== null && typeof args[0] === "object" && "port" in args[0]) args[0] = { ...args[0], host: "127.0.0.1" };
  return listenOriginal.apply(this, args);
};
