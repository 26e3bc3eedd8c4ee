# The cases of ../driver-contract.test.ts as Ruby's pg spells them; one line of JSON each.

require "digest"
require "json"
require "pg"

HOST, PORT, DATABASE, APPLICATION_NAME = ARGV

def connect
  PG.connect(
    host: HOST, port: PORT, dbname: DATABASE, user: "postgres", application_name: APPLICATION_NAME
  )
end

CONNECTION = connect

def seen_of(result)
  { status: result.cmd_status, count: result.cmd_tuples, names: result.fields, rows: result.values }
end

def ask(sql, values = nil, on: CONNECTION)
  seen_of(values.nil? ? on.exec(sql) : on.exec_params(sql, values))
end

FIELDS = {
  severity: PG::PG_DIAG_SEVERITY, state: PG::PG_DIAG_SQLSTATE, detail: PG::PG_DIAG_MESSAGE_DETAIL,
  hint: PG::PG_DIAG_MESSAGE_HINT, position: PG::PG_DIAG_STATEMENT_POSITION,
  context: PG::PG_DIAG_CONTEXT, schema: PG::PG_DIAG_SCHEMA_NAME, table: PG::PG_DIAG_TABLE_NAME,
  column: PG::PG_DIAG_COLUMN_NAME, type: PG::PG_DIAG_DATATYPE_NAME,
  constraint: PG::PG_DIAG_CONSTRAINT_NAME, routine: PG::PG_DIAG_SOURCE_FUNCTION
}.freeze

def error_of
  yield
  "no error"
rescue PG::Error => error
  fields = FIELDS.transform_values { |field| error.result&.error_field(field) }
  { class: error.class.name, text: error.message, **fields }
end

def types
  sql = "SELECT id, user_id, amount, note, at, extra, tags, raw, NULL AS nothing, 1.5::float8 AS real," \
        " true AS yes, ARRAY[[1, 2], [3, NULL]] AS grid, 'a'::char(3) AS padded FROM sale ORDER BY id"
  binary = CONNECTION.exec_params(sql, [], 1).values.map { |row| row.map { |v| v&.unpack1("H*") } }
  result = CONNECTION.exec(sql)
  map = PG::BasicTypeMapForResults.new(CONNECTION)
  [ask(sql), binary, result.map_types!(map).values.map { |row| row.map(&:inspect) }]
end

def parameters
  values = [10, 5, "3.10", "it's ä€\\", '{x,"y,z",NULL}', '{"k": [1, null]}']
  raw = { value: "\x00\xff'\\".b, format: 1 }
  [
    ask("INSERT INTO sale (id, user_id, amount, note, tags, extra, raw)" \
        " VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING *", [*values, raw]),
    ask("UPDATE sale SET user_id = $1 WHERE user_id = $2", [6, 5]),
    ask("SELECT id, user_id FROM sale WHERE user_id = ANY($1) ORDER BY id", ["{6,20}"]),
    ask("SELECT full_name FROM person WHERE full_name LIKE $1 ORDER BY 1", ["%n%"]),
    error_of { ask("SELECT user_id FROM sale WHERE id = $1", ["not a number"]) },
    ask("DELETE FROM sale WHERE id = $1 RETURNING user_id", [10])
  ]
end

def prepared
  CONNECTION.prepare("by user", "SELECT id, user_id FROM sale WHERE user_id >= $1 ORDER BY id")
  seen = (1..7).map { |least| seen_of(CONNECTION.exec_prepared("by user", [least])) }
  described = CONNECTION.describe_prepared("by user")
  seen << [described.fields, described.paramtype(0), (0..1).map { |index| described.ftype(index) }]
  seen << error_of { CONNECTION.prepare("by user", "SELECT user_id FROM sale") }
  seen << error_of { CONNECTION.prepare("wrong", "SELECT nope, user_id FROM sale") }
  seen << error_of { CONNECTION.exec_prepared("wrong", []) }
  seen << ask('DEALLOCATE "by user"')
end

def results_of(connection)
  seen = []
  while (result = connection.get_result)
    seen << error_of { seen << seen_of(result.check) }
  end
  seen
end

def batch
  several = []
  CONNECTION.send_query("SELECT user_id FROM sale ORDER BY id; UPDATE sale SET user_id = user_id")
  several << results_of(CONNECTION)
  other = connect
  other.enter_pipeline_mode
  20.upto(39) { |id| other.send_query_params("INSERT INTO sale (id, user_id) VALUES ($1, $1)", [id]) }
  other.pipeline_sync
  [[40, 1], [41, -1], [42, 1]].each do |values|
    other.send_query_params("INSERT INTO sale (id, user_id) VALUES ($1, $2)", values)
  end
  other.pipeline_sync
  other.send_query_params("SELECT count(*), sum(user_id) FROM sale", [])
  other.pipeline_sync
  syncs = 0
  while syncs < 3
    result = other.get_result
    next if result.nil?

    several << [result.result_status, result.cmd_status, result.values, result.error_message]
    several << FIELDS.transform_values { |field| result.error_field(field) }
    syncs += 1 if result.result_status == PG::PGRES_PIPELINE_SYNC
  end
  other.exit_pipeline_mode
  other.close
  several << ask("DELETE FROM sale WHERE id >= 20")
end

def transaction
  other = connect
  seen = []
  other.transaction do
    seen << ask("UPDATE sale SET user_id = user_id + 1 RETURNING id, user_id", on: other)
    seen << other.transaction_status
  end
  other.exec("BEGIN ISOLATION LEVEL SERIALIZABLE")
  seen << ask("UPDATE sale SET user_id = user_id + 5", on: other)
  seen << error_of { ask("SELECT 1/0", on: other) }
  seen << error_of { ask("SELECT user_id FROM sale", on: other) }
  seen << other.transaction_status << ask("COMMIT", on: other)
  seen << error_of { ask("BEGIN READ ONLY; UPDATE sale SET user_id = 1", on: other) }
  other.exec("ROLLBACK")
  seen << ask("UPDATE sale SET user_id = user_id - 1", on: other)
  other.close
  seen
end

def savepoint
  seen = [ask("BEGIN; SAVEPOINT a")]
  seen << error_of { ask("INSERT INTO sale (id, user_id) VALUES ($1, 1)", [1]) }
  seen << ask("ROLLBACK TO SAVEPOINT a") << ask("SELECT user_id FROM sale ORDER BY id")
  seen << ask("RELEASE a") << ask("ROLLBACK")
end

def errors
  texts = [
    "SELECT user_id, no_such_column FROM sale",
    "SELECT s.id, s.nope, s.user_id FROM sale s",
    "SELECT 'ä€', user_id FROM sale WHERE user_id = no_such_function(user_id)",
    "SELECT user_id, FROM sale WHERE",
    "INSERT INTO sale (id, user_id) VALUES (1, 1)",
    "INSERT INTO sale (id, user_id) VALUES (50, NULL)",
    "INSERT INTO sale (id, user_id) VALUES (50, -1)",
    "INSERT INTO sale (id, user_id, note) SELECT 50, user_id, note FROM sale WHERE id = 1",
    "INSERT INTO sale (id, user_id) VALUES (50, 'x')",
    "SELECT full_name, user_id FROM person",
    "SELECT user_id FROM no_such_table",
    "SELECT full_name / 2 FROM person"
  ]
  seen = texts.flat_map { |text| [error_of { ask(text) }, error_of { ask(text, []) }] }
  seen << ask("SELECT user_id FROM sale WHERE id = 1")
end

def copy_in
  status = CONNECTION.copy_data("COPY sale (id, user_id, note) FROM STDIN") do
    CONNECTION.put_copy_data("60\t1\tä€\n")
    CONNECTION.put_copy_data("61\t2\t\\N\n")
  end
  row = PG::TextEncoder::CopyRow.new
  person = CONNECTION.copy_data("COPY person (full_name, id) FROM STDIN", row) do
    CONNECTION.put_copy_data(["Dee, D", 9])
  end
  [
    status.cmd_status, person.cmd_status,
    ask("DELETE FROM sale WHERE id >= 60 RETURNING id, user_id, note"),
    ask("DELETE FROM person WHERE id = 9 RETURNING full_name")
  ]
end

def copy_out
  [
    "COPY sale TO STDOUT",
    "COPY sale (user_id, id) TO STDOUT (FORMAT csv)",
    "COPY (SELECT user_id, full_name FROM sale, person ORDER BY 1, 2) TO STDOUT (FORMAT csv, HEADER)"
  ].map do |sql|
    lines = []
    result = CONNECTION.copy_data(sql) do
      while (line = CONNECTION.get_copy_data)
        lines << line
      end
    end
    [result.cmd_status, lines]
  end
end

def copy_error
  sql = "COPY sale (id, user_id) FROM STDIN"
  seen = ["70\tx\n71\t1\n", "70\t-1\n", "1\t1\n"].map do |data|
    error_of { CONNECTION.copy_data(sql) { CONNECTION.put_copy_data(data) } }
  end
  begin
    CONNECTION.copy_data(sql) { raise "the source failed" }
  rescue RuntimeError => error
    seen << error.message
  end
  seen << ask("SELECT user_id FROM sale ORDER BY id")
end

def cursor
  other = connect
  seen = []
  other.transaction do
    other.exec("DECLARE c SCROLL CURSOR FOR SELECT id, user_id FROM sale ORDER BY id")
    ["FETCH 2 FROM c", "MOVE ABSOLUTE 0 IN c", "FETCH ALL FROM c"].each do |sql|
      seen << ask(sql, on: other)
    end
    portal = other.describe_portal("c")
    seen << portal.fields
  end
  other.send_query("SELECT id, user_id FROM sale ORDER BY id")
  other.set_single_row_mode
  seen << results_of(other)
  other.close
  seen
end

def metadata
  result = CONNECTION.exec("SELECT *, user_id AS u, user_id + 1, upper(note) FROM sale ORDER BY id")
  columns = (0...result.nfields).map do |index|
    [
      result.fname(index), result.ftype(index), result.fmod(index), result.fsize(index),
      result.ftable(index), result.ftablecol(index), result.fformat(index)
    ]
  end
  [columns, result.first.keys, ask("SELECT s.user_id, p.* FROM sale s, person p WHERE p.full_name = 'Ann'")]
end

def notify
  other = connect
  other.exec("LISTEN news")
  ask("SELECT pg_notify('news', $1)", ["ä€"])
  seen = []
  other.wait_for_notify(10) { |channel, _, payload| seen << channel << payload }
  other.close
  seen
end

def notice
  seen = []
  CONNECTION.set_notice_receiver do |result|
    seen << FIELDS.transform_values { |field| result.error_field(field) } << result.error_message
  end
  ask("DO $$ BEGIN RAISE NOTICE 'a note'; RAISE WARNING 'a warning'; END $$")
  CONNECTION.set_notice_receiver
  seen
end

def cancel
  CONNECTION.send_query("SELECT user_id, pg_sleep(30) FROM sale")
  sleep 0.3
  [CONNECTION.cancel, results_of(CONNECTION), ask("SELECT user_id FROM sale ORDER BY id")]
end

def timeout
  ask("SET statement_timeout = '200ms'")
  seen = error_of { ask("SELECT user_id, pg_sleep(30) FROM sale") }
  [seen, ask("RESET statement_timeout"), ask("SELECT user_id FROM sale ORDER BY id")]
end

def large
  raw = "\x00\xff".b * (5 * 1024 * 1024 / 2)
  text = "{\"text\": \"#{"ä" * (5 * 1024 * 1024 / 2)}\"}"
  sql = "INSERT INTO sale (id, user_id, raw, extra) VALUES (80, 1, $1, $2)"
  ask(sql, [{ value: raw, format: 1 }, text])
  sql = "DELETE FROM sale WHERE id = 80 RETURNING user_id, raw, extra"
  user, bytes, extra = CONNECTION.exec_params(sql, []).values.first
  digest = Digest::MD5.hexdigest(CONNECTION.unescape_bytea(bytes))
  rows = CONNECTION.exec("SELECT user_id, repeat('x', 1000) FROM sale, generate_series(1, 5000)").values
  [user, digest, extra == text, rows.sum { |row| row[1].length }]
end

CASES = %i[
  types parameters prepared batch transaction savepoint errors copy_in copy_out copy_error cursor
  metadata notify notice cancel timeout large
].freeze

CASES.each do |name|
  puts JSON.generate({ case: name.to_s.tr("_", " "), saw: send(name) })
end
CONNECTION.close
