// A Bluesky network in one process, for tests. Arguments: a JSON object with the ports
// {plc, pds, bsky?, ozone?} and `limited` (real rate limits). Without `bsky` there is only a server
// of accounts (PDS): writes and sessions work, the view of the network answers 502.
// Prints one line when it is up.
"use strict";
const net = require("node:net");

// The servers offer no choice of interface: loopback it is.
const listen = net.Server.prototype.listen;
net.Server.prototype.listen = function (...args) {
  if (typeof args[0] === "number") {
    return listen.call(this, { port: args[0], host: "127.0.0.1" }, ...args.slice(1).filter(
      (one) => typeof one === "function"));
  }
  if (args[0] && typeof args[0] === "object" && typeof args[0].port === "number") {
    args[0] = { ...args[0], host: "127.0.0.1" };
  }
  return listen.apply(this, args);
};

async function main() {
  const chosen = JSON.parse(process.argv[2]);
  const { TestNetwork, TestNetworkNoAppView } = require("@atproto/dev-env");
  const plc = { port: chosen.plc };
  const pds = { port: chosen.pds, hostname: "localhost", rateLimitsEnabled: !!chosen.limited };
  if (chosen.bsky) {
    await TestNetwork.create({
      dbPostgresSchema: "net",
      plc,
      pds: { ...pds, enableDidDocWithSession: true },
      bsky: {
        dbPostgresSchema: "bsky",
        port: chosen.bsky,
        publicUrl: `http://localhost:${chosen.bsky}`,
      },
      ozone: { port: chosen.ozone },
    });
  } else {
    await TestNetworkNoAppView.create({ plc, pds });
  }
  process.stdout.write("network is up\n");
}

process.on("unhandledRejection", (error) => console.error("unhandled", error));
main().catch((error) => {
  console.error(error);
  process.exit(1);
});
