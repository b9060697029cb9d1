import { configurationProblems } from "../../provider/configuration";
import { HOST_KEY } from "../stackFile";

const RIGHT = {
  sshHost: "192.0.2.22",
  sshUser: "admin",
  sshHostKey: HOST_KEY,
  postgresPassword: "secret",
  tunnelPort: "20000",
};

test("what is right has no problems", () => {
  expect(configurationProblems(RIGHT)).toEqual([]);
  const jump = {
    sshJumpHost: "jump",
    sshJumpPort: "2222",
    sshJumpUser: "me",
    sshJumpHostKey: HOST_KEY,
  };
  const key = { sshPrivateKey: "a key", sshPrivateKeyPassphrase: "its passphrase" };
  expect(configurationProblems({ ...RIGHT, ...jump, ...key })).toEqual([]);
});

test.each([
  ["sshJumpPort", "2222", "sshJumpHost"],
  ["sshJumpUser", "me", "sshJumpHost"],
  ["sshJumpHostKey", HOST_KEY, "sshJumpHost"],
  ["sshPrivateKeyPassphrase", "canary", "sshPrivateKey"],
])("%s alone is refused, and what it belongs to named", (property, value, needed) => {
  const problems = configurationProblems({ ...RIGHT, [property]: value });
  expect(problems).toEqual([{ property, reason: expect.stringContaining(`without ${needed}:`) }]);
  expect(JSON.stringify(problems)).not.toContain("canary");
});
