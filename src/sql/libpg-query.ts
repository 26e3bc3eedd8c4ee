import assert from "node:assert/strict";

/**
 * The package `libpg-query`: PostgreSQL's own parser, compiled to WebAssembly. Only this file knows it.
 *
 * Its public functions share one instance for the life of the process. Straddle takes instances of
 * its own from the same module instead, since one that has trapped (a statement nested so deeply
 * that the stack ran out) keeps a broken stack pointer and must not be used again.
 */
export interface Instance {
  parse(text: string): Outcome;
  /** The bodies of DO and CREATE FUNCTION in a text; undefined for what is no PL/pgSQL. */
  parsePlpgsql(text: string): unknown;
  /** 16 hex digits; "" if the text is not SQL. */
  fingerprint(text: string): string;
}

export type Outcome =
  | { readonly kind: "tree"; readonly tree: unknown }
  /** `position` counts characters from 0. */
  | { readonly kind: "error"; readonly message: string; readonly position: number };

/** The part of Emscripten's module object that is used here. */
interface WasmModule {
  _malloc(size: number): number;
  _free(pointer: number): void;
  _wasm_parse_query_raw(text: number): number;
  _wasm_free_parse_result(result: number): void;
  _wasm_parse_plpgsql(text: number): number;
  _wasm_fingerprint(text: number): number;
  _wasm_free_string(text: number): void;
  lengthBytesUTF8(text: string): number;
  stringToUTF8(text: string, pointer: number, size: number): void;
  UTF8ToString(pointer: number): string;
  getValue(pointer: number, type: "i32"): number;
}

// Not typed by the package: a variable, so that the compiler does not look for it.
const MODULE: string = "libpg-query/wasm/libpg-query.js";

/** A fresh instance: about 30 ms and some megabytes. */
export async function createInstance(): Promise<Instance> {
  // Trust boundary: what the package exports is what `WasmModule` says.
  const { default: create } = (await import(MODULE)) as { default: () => Promise<WasmModule> };
  const wasm = await create();
  assert(typeof wasm._wasm_parse_query_raw === "function");
  return {
    parse: (text) => parse(wasm, text),
    parsePlpgsql: (text) => {
      const answer = callForString(wasm, wasm._wasm_parse_plpgsql, text);
      return answer.startsWith("{") ? JSON.parse(answer) : undefined; // Errors come as their message.
    },
    fingerprint: (text) => {
      const answer = callForString(wasm, wasm._wasm_fingerprint, text);
      return /^[0-9a-f]{16}$/.test(answer) ? answer : ""; // Errors come as their message.
    },
  };
}

function parse(wasm: WasmModule, text: string): Outcome {
  const pointer = copyIn(wasm, text);
  const result = wasm._wasm_parse_query_raw(pointer);
  assert(result !== 0);
  // struct PgQueryParseResult: tree, stderr buffer, error.
  const error = wasm.getValue(result + 8, "i32");
  const outcome = error === 0 ? readTree(wasm, result) : readError(wasm, error);
  wasm._wasm_free_parse_result(result);
  wasm._free(pointer);
  return outcome;
}

function readTree(wasm: WasmModule, result: number): Outcome {
  return { kind: "tree", tree: JSON.parse(wasm.UTF8ToString(wasm.getValue(result, "i32"))) };
}

// struct PgQueryError: message, function, file, line, cursor position from 1.
function readError(wasm: WasmModule, error: number): Outcome {
  const message = wasm.UTF8ToString(wasm.getValue(error, "i32"));
  const position = wasm.getValue(error + 16, "i32");
  return { kind: "error", message, position: Math.max(position - 1, 0) };
}

function callForString(wasm: WasmModule, call: (text: number) => number, text: string): string {
  const pointer = copyIn(wasm, text);
  const answer = call(pointer);
  const string = wasm.UTF8ToString(answer);
  wasm._wasm_free_string(answer);
  wasm._free(pointer);
  return string;
}

function copyIn(wasm: WasmModule, text: string): number {
  const size = wasm.lengthBytesUTF8(text) + 1;
  const pointer = wasm._malloc(size);
  assert(pointer !== 0);
  wasm.stringToUTF8(text, pointer, size);
  return pointer;
}
