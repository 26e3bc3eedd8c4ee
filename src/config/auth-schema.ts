import { z } from "zod";
import { Text } from "./scalars.ts";

/** How clients prove who they are, and who Straddle is on the server. */
export const Auth = z.strictObject({
  mode: z
    .enum(["pass", "scram", "cert"])
    .default("pass")
    .describe(
      "`pass`: clients log in to the server themselves, through Straddle. The other two end authentication at Straddle, which then logs in to the server: `scram` verifies a password by SCRAM-SHA-256, `cert` a certificate whose CN is the user's name.",
    ),
  users_file: Text.optional().describe(
    'For `scram`: a file with a line `"user" "secret"` for each user, as PgBouncer has it. A secret is a SCRAM verifier of pg_authid, or the password itself. Read again when it changes.',
  ),
  salt_key_file: Text.optional().describe(
    "A file with a secret of 16 bytes or more from which salts for passwords and for unknown users are made. By default random at each start; instances that should not be told apart share one.",
  ),
  server: z
    .strictObject({
      user: Text.optional().describe(
        "The role that Straddle logs in as on the server, for all sessions. Default: the client's user.",
      ),
      password_file: Text.optional().describe(
        "A file whose first line is the password of `auth.server.user`; read for each session.",
      ),
      users_file: Text.optional().describe(
        "Passwords by role, in the form of `auth.users_file`; read again when it changes. Roles that are not in it, and all without it, have the secret of `auth.users_file`.",
      ),
    })
    .prefault({}),
});
