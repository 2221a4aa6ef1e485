// Loaded before a server that would listen on every address of the machine: it then listens on loopback only.
const { Server } = require("node:net");

const listen = Server.prototype.listen;

Server.prototype.listen = function (port, ...rest) {
  const callback = rest.find((each) => typeof each === "function");
  return listen.call(this, { port: Number(port.port ?? port), host: "127.0.0.1" }, callback);
};
