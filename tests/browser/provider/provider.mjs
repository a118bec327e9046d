// A provider of OpenID Connect that knows a few people: node provider.mjs PACKAGES PORT CALLBACK
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const [packages, port, callback] = process.argv.slice(2);
const entry = createRequire(`${packages}/`).resolve("oidc-provider");
const { default: Provider } = await import(pathToFileURL(entry));

// Who signs in, by the name typed there; the provider calls them by another, its own.
const PEOPLE = {
  ann: { email: "ann@shop.example", email_verified: true, groups: ["ops", "staff"] },
  bob: { email: "bob@shop.example", email_verified: true, groups: ["ops"] },
  mal: { email: "mal@shop.example", email_verified: true, groups: ["sales"] },
  eve: { email: "ann@shop.example", email_verified: false, groups: ["ops"] },
  zoe: { email: "zoe@elsewhere.example", email_verified: true, groups: ["ops"] },
};

const provider = new Provider(`http://localhost:${port}`, {
  clients: [{
    client_id: "console",
    client_secret: "only for these tests",
    redirect_uris: [callback],
  }],
  claims: {
    email: ["email", "email_verified"],
    groups: ["groups"],
    openid: ["sub"],
    profile: ["name", "preferred_username"],
  },
  cookies: { keys: ["only for these tests"] },
  findAccount: (_, id) => PEOPLE[id] && {
    accountId: id,
    claims: () => ({ sub: id, preferred_username: id, ...PEOPLE[id] }),
  },
  pkce: { required: () => true },
});

provider.listen(port, "localhost", () => console.log("READY"));
process.stdin.resume().on("close", () => process.exit());
