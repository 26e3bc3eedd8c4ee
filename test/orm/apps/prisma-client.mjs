/**
 * What `prisma generate` would write for a schema, by hand: the package `prisma` downloads a binary when
 * it is installed, although neither the generator nor the client needs it.
 */
export function clientConfig(table, column) {
  return {
    clientVersion: "7.10.0",
    engineVersion: "7.10.0",
    activeProvider: "postgresql",
    previewFeatures: ["relationJoins"],
    inlineSchema: schemaOf(table, column),
    runtimeDataModel: { models: modelsOf(table, column), enums: {}, types: {} },
    // Which arguments may share a query's plan: none, which changes nothing of the SQL.
    parameterizationSchema: { strings: [], graph: "AAAA" },
    compilerWasm: {
      getRuntime: () => import("@prisma/client/runtime/query_compiler_fast_bg.postgresql.mjs"),
      async getQueryCompilerWasmModule() {
        const { wasm } = await import(
          "@prisma/client/runtime/query_compiler_fast_bg.postgresql.wasm-base64.mjs"
        );
        return new WebAssembly.Module(Buffer.from(wasm, "base64"));
      },
      importName: "./query_compiler_fast_bg.js",
    },
  };
}

const schemaOf = (table, column) => `
  generator client {
    provider        = "prisma-client"
    output          = "client"
    previewFeatures = ["relationJoins"]
  }
  datasource db {
    provider = "postgresql"
  }
  model Person {
    id     Int     @id @default(autoincrement())
    name   String
    orders Order[]
    @@map("${table}")
  }
  model Order {
    id     Int      @id @default(autoincrement())
    owner  Int      @map("${column}")
    total  Int      @map("total_cents")
    at     DateTime @default(now()) @map("placed_at") @db.Timestamptz
    note   Json?
    person Person   @relation(fields: [owner], references: [id])
    @@unique([owner, at])
    @@map("orders")
  }
`;

/** The same for the client's own use. */
function modelsOf(table, column) {
  const scalar = (name, type, dbName) => ({ name, kind: "scalar", type, dbName });
  const relation = (name, type) => ({ name, kind: "object", type, relationName: "OrderToPerson" });
  const id = scalar("id", "Int");
  return {
    Person: { fields: [id, scalar("name", "String"), relation("orders", "Order")], dbName: table },
    Order: {
      fields: [
        id,
        scalar("owner", "Int", column),
        scalar("total", "Int", "total_cents"),
        scalar("at", "DateTime", "placed_at"),
        scalar("note", "Json"),
        relation("person", "Person"),
      ],
      dbName: "orders",
    },
  };
}
