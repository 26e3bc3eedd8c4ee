// What `prisma db pull` makes of a database: the schema engine that Prisma 7 has, by a driver adapter, without a
// program that has to be downloaded. Arguments: host, port, database, application_name.
import { readFileSync } from "node:fs";
import { PrismaPg } from "@prisma/adapter-pg";
import { bindMigrationAwareSqlAdapterFactory, ColumnTypeEnum } from "@prisma/driver-adapter-utils";
import * as engine from "@prisma/schema-engine-wasm/schema_engine_bg";
import pg from "pg";

const [host, port, database, application_name] = process.argv.slice(2);

// The package's own entry imports its .wasm file as a module, which Node.js does by a flag only.
const entry = import.meta.resolve("@prisma/schema-engine-wasm/schema_engine_bg");
const wasm = readFileSync(new URL("schema_engine_bg.wasm", entry));
const imports = { "./schema_engine_bg.js": engine };
const { exports } = new WebAssembly.Instance(new WebAssembly.Module(wasm), imports);
engine.__wbg_set_wasm(exports);
exports.__wbindgen_start();

const CHAR = 18;
const DATE = 1082;

/** The adapter does not know the type "char" of the catalog; it gets a date in its place, which the catalog has none of. */
class Pool extends pg.Pool {
  async query(...query) {
    const result = await super.query(...query);
    for (const field of result.fields) if (field.dataTypeID === CHAR) field.dataTypeID = DATE;
    return result;
  }
}

/** An adapter that says "char" to the engine where it has a date. */
class Adapter extends PrismaPg {
  async connect() {
    const connected = await super.connect();
    const queryRaw = connected.queryRaw.bind(connected);
    connected.queryRaw = async (query) => {
      const result = await queryRaw(query);
      const columnTypes = result.columnTypes.map((type) =>
        type === ColumnTypeEnum.Date ? ColumnTypeEnum.Character : type,
      );
      return { ...result, columnTypes };
    };
    return connected;
  }
}

const pool = new Pool({ host, port: Number(port), database, user: "postgres", application_name });
const adapter = bindMigrationAwareSqlAdapterFactory(new Adapter(pool));
const schemaEngine = await engine.SchemaEngine.new({ datamodels: undefined }, () => {}, adapter);
const content =
  'generator client {\n  provider = "prisma-client"\n  previewFeatures = ["views"]\n}\n\ndatasource db {\n  provider = "postgresql"\n}\n';
const pulled = await schemaEngine.introspect({
  schema: { files: [{ path: "schema.prisma", content }] },
  baseDirectoryPath: "/",
  force: false,
  compositeTypeDepth: -1,
  namespaces: null,
});
for (const file of pulled.schema.files) console.log(file.content);
console.log(pulled.warnings);
process.exit();
