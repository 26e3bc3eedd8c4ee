import { expect, test } from "vitest";
import { LoginAnswers } from "../../src/session/login-answers.ts";
import { decodeFields } from "../../src/wire/fields.ts";
import { frame, int32 } from "../support/client-frames.ts";

const WITH_BINDING = frame("R", int32(10), "SCRAM-SHA-256-PLUS", "SCRAM-SHA-256", "");
const WITHOUT_BINDING = frame("R", int32(10), "SCRAM-SHA-256", "");
const error = (routine: string) =>
  frame("E", "SFATAL", "C28000", "Mgef\xfcgt", `R${routine}`, Buffer.alloc(1));

const instead = (answers: LoginAnswers, message: Buffer) =>
  answers.instead(message[0] ?? 0, message, 0, message.length);

const cases: {
  readonly name: string;
  readonly list: Buffer;
  readonly routine: string;
  readonly isExplained: boolean;
}[] = [
  {
    name: "refused for saying that the server can't bind, after that was withheld",
    list: WITH_BINDING,
    routine: "read_client_first_message",
    isExplained: true,
  },
  {
    name: "refused for something else",
    list: WITH_BINDING,
    routine: "auth_failed",
    isExplained: false,
  },
  {
    name: "nothing was withheld",
    list: WITHOUT_BINDING,
    routine: "read_client_first_message",
    isExplained: false,
  },
];

for (const { name, list, routine, isExplained } of cases) {
  test(`${name}: ${isExplained ? "a hint" : "the server's words"}`, () => {
    const answers = new LoginAnswers();
    expect(instead(answers, list)).toEqual(list === WITH_BINDING ? WITHOUT_BINDING : undefined);
    const shown = instead(answers, error(routine));
    expect(shown !== undefined).toBe(isExplained);
    if (shown === undefined) return;
    const fields = decodeFields(shown, 0, shown.length);
    expect(fields.get("M")).toBe("gef\xfcgt");
    expect(fields.get("H")).toContain("channel_binding=disable");
  });
}
