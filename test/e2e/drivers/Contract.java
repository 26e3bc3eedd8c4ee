import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.StringReader;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.sql.*;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Properties;
import org.postgresql.PGConnection;
import org.postgresql.PGNotification;
import org.postgresql.copy.CopyManager;
import org.postgresql.util.PSQLException;
import org.postgresql.util.ServerErrorMessage;

/** The cases of ../driver-contract.test.ts as pgjdbc spells them; one line of JSON each. */
public class Contract {
  static String[] arguments;
  static Connection connection;

  interface Case {
    Object run() throws Exception;
  }

  static Connection connect(String... more) throws SQLException {
    Properties properties = new Properties();
    properties.setProperty("user", "postgres");
    properties.setProperty("ApplicationName", arguments[3]);
    // Without it pgjdbc sets the name by a statement: the startup packet, which Straddle reads, has none.
    properties.setProperty("assumeMinServerVersion", "9.0");
    for (int index = 0; index < more.length; index += 2) {
      if (more[index + 1].isEmpty()) properties.remove(more[index]);
      else properties.setProperty(more[index], more[index + 1]);
    }
    String url = "jdbc:postgresql://" + arguments[0] + ":" + arguments[1] + "/" + arguments[2];
    return DriverManager.getConnection(url, properties);
  }

  static List<Object> rows(ResultSet set) throws SQLException {
    List<Object> rows = new ArrayList<>();
    ResultSetMetaData data = set.getMetaData();
    while (set.next()) {
      List<Object> row = new ArrayList<>();
      for (int index = 1; index <= data.getColumnCount(); index++) {
        byte[] raw = data.getColumnTypeName(index).equals("bytea") ? set.getBytes(index) : null;
        Object value = raw != null ? HexFormat.of().formatHex(raw) : set.getString(index);
        row.add(data.getColumnLabel(index) + "=" + value);
      }
      rows.add(row);
    }
    return rows;
  }

  static Object ask(String sql, Object... values) throws SQLException {
    return ask(connection, sql, values);
  }

  static Object ask(Connection on, String sql, Object... values) throws SQLException {
    try (PreparedStatement statement = on.prepareStatement(sql)) {
      for (int index = 0; index < values.length; index++) {
        statement.setObject(index + 1, values[index]);
      }
      return statement.execute() ? rows(statement.getResultSet()) : statement.getUpdateCount();
    }
  }

  static Object errorOf(Case run) throws Exception {
    try {
      run.run();
    } catch (SQLException error) {
      List<Object> seen = new ArrayList<>();
      for (SQLException each = error; each != null; each = each.getNextException()) {
        seen.addAll(Arrays.asList(each.getClass().getName(), each.getSQLState(), each.getMessage()));
        ServerErrorMessage fields =
            each instanceof PSQLException ? ((PSQLException) each).getServerErrorMessage() : null;
        if (fields != null) {
          seen.addAll(Arrays.asList(fields.getSeverity(), fields.getDetail(), fields.getHint(),
              fields.getPosition(), fields.getWhere(), fields.getSchema(), fields.getTable(),
              fields.getColumn(), fields.getDatatype(), fields.getConstraint(), fields.getRoutine()));
        }
      }
      return seen;
    }
    return "no error";
  }

  static Object types() throws Exception {
    List<Object> seen = new ArrayList<>();
    // Over the threshold, from which on values come in binary.
    for (int count = 0; count < 7; count++) {
      seen.add(ask("SELECT id, user_id, amount, note, at, extra, tags, raw, NULL AS nothing, 1.5::float8 AS real,"
          + " true AS yes, ARRAY[[1, 2], [3, NULL]] AS grid, 'a'::char(3) AS padded FROM sale ORDER BY id"));
    }
    return seen;
  }

  static Object parameters() throws Exception {
    Array tags = connection.createArrayOf("text", new Object[] {"x", "y,z", null});
    return Arrays.asList(
        ask("INSERT INTO sale (id, user_id, amount, note, tags, extra, raw)"
            + " VALUES (?, ?, ?, ?, ?, ?::jsonb, ?) RETURNING *", 10, 5, new BigDecimal("3.10"),
            "it's ä€\\", tags, "{\"k\": [1, null]}", new byte[] {0, -1, 39}),
        ask("UPDATE sale SET user_id = ? WHERE user_id = ?", 6, 5),
        ask("SELECT id, user_id FROM sale WHERE user_id = ANY(?) ORDER BY id",
            connection.createArrayOf("int4", new Object[] {6, 20})),
        ask("SELECT full_name FROM person WHERE full_name LIKE ? ORDER BY 1", "%n%"),
        ask("SELECT extra ?? 'k' AS has, user_id FROM sale ORDER BY id"),
        errorOf(() -> ask("SELECT user_id FROM sale WHERE id = ?", "not a number")),
        ask("DELETE FROM sale WHERE id = ? RETURNING user_id", 10),
        byOptions());
  }

  /** The other way to tell the version, which needs no assumeMinServerVersion. */
  static Object byOptions() throws SQLException {
    String options = "-c straddle.version=" + arguments[3];
    try (Connection other =
        connect("ApplicationName", "none", "assumeMinServerVersion", "", "options", options)) {
      return ask(other, "SELECT user_id FROM sale ORDER BY id");
    }
  }

  static Object prepared() throws Exception {
    List<Object> seen = new ArrayList<>();
    for (String mode : List.of("extended", "extendedForPrepared", "extendedCacheEverything", "simple")) {
      try (Connection other = connect("preferQueryMode", mode);
          PreparedStatement statement =
              other.prepareStatement("SELECT id, user_id FROM sale WHERE user_id >= ? ORDER BY id");
          PreparedStatement update =
              other.prepareStatement("UPDATE sale SET user_id = user_id WHERE user_id = ?")) {
        for (int least = 1; least < 10; least++) {
          statement.setInt(1, least);
          seen.add(rows(statement.executeQuery()));
          update.setInt(1, 20);
          seen.add(update.executeUpdate());
        }
        seen.add(rows(other.createStatement().executeQuery("SELECT user_id FROM sale ORDER BY id")));
      }
    }
    return seen;
  }

  static int[] addBatch(Connection on, int first, int user) throws SQLException {
    String sql = "INSERT INTO sale (id, user_id) VALUES (?, ?)";
    try (PreparedStatement statement = on.prepareStatement(sql)) {
      for (int id = first; id < first + 20; id++) {
        statement.setInt(1, id);
        statement.setInt(2, id == first + 10 ? user : 1);
        statement.addBatch();
      }
      return statement.executeBatch();
    }
  }

  static Object batch() throws Exception {
    List<Object> seen = new ArrayList<>();
    for (String rewrites : List.of("false", "true")) {
      try (Connection other = connect("reWriteBatchedInserts", rewrites)) {
        seen.add(Arrays.toString(addBatch(other, 20, 1)));
        seen.add(errorOf(() -> addBatch(other, 40, -1)));
        seen.add(ask(other, "SELECT count(*), sum(user_id) FROM sale"));
        seen.add(ask(other, "DELETE FROM sale WHERE id >= 20"));
      }
    }
    try (Statement statement = connection.createStatement()) {
      statement.addBatch("UPDATE sale SET user_id = user_id WHERE user_id = 20");
      statement.addBatch("UPDATE person SET full_name = full_name");
      seen.add(Arrays.toString(statement.executeBatch()));
      boolean isSet = statement.execute("SELECT user_id FROM sale; UPDATE sale SET user_id = user_id");
      seen.add(rows(statement.getResultSet()));
      seen.add(isSet && !statement.getMoreResults() ? statement.getUpdateCount() : "not two");
      statement.executeUpdate("INSERT INTO sale (id, user_id) VALUES (20, 7)",
          Statement.RETURN_GENERATED_KEYS);
      seen.add(rows(statement.getGeneratedKeys()));
      statement.executeUpdate("DELETE FROM sale WHERE id = 20", new String[] {"user_id"});
      seen.add(rows(statement.getGeneratedKeys()));
    }
    return seen;
  }

  static Object transaction() throws Exception {
    List<Object> seen = new ArrayList<>();
    try (Connection other = connect()) {
      other.setAutoCommit(false);
      other.setTransactionIsolation(Connection.TRANSACTION_SERIALIZABLE);
      seen.add(ask(other, "UPDATE sale SET user_id = user_id + 1"));
      other.commit();
      seen.add(ask(other, "UPDATE sale SET user_id = user_id + 1"));
      seen.add(errorOf(() -> ask(other, "SELECT 1/0")));
      seen.add(errorOf(() -> ask(other, "SELECT user_id FROM sale")));
      other.rollback();
      other.setReadOnly(true);
      seen.add(errorOf(() -> ask(other, "UPDATE sale SET user_id = 1")));
      other.rollback();
      other.setReadOnly(false);
      seen.add(ask(other, "UPDATE sale SET user_id = user_id - 1"));
      other.commit();
      seen.add(ask("SELECT user_id FROM sale ORDER BY id"));
    }
    return seen;
  }

  static Object savepoint() throws Exception {
    List<Object> seen = new ArrayList<>();
    try (Connection other = connect("autosave", "always")) {
      other.setAutoCommit(false);
      Savepoint point = other.setSavepoint("a");
      seen.add(errorOf(() -> ask(other, "INSERT INTO sale (id, user_id) VALUES (?, ?)", 1, 1)));
      // By the savepoint of autosave.
      seen.add(ask(other, "UPDATE sale SET user_id = 9 RETURNING user_id"));
      other.rollback(point);
      seen.add(ask(other, "SELECT user_id FROM sale ORDER BY id"));
      other.rollback();
    }
    return seen;
  }

  static Object errors() throws Exception {
    List<Object> seen = new ArrayList<>();
    for (String sql : List.of("SELECT user_id, no_such_column FROM sale",
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
        "SELECT full_name / 2 FROM person")) {
      seen.add(errorOf(() -> ask(sql)));
    }
    seen.add(ask("SELECT user_id FROM sale WHERE id = 1"));
    return seen;
  }

  static CopyManager copying(Connection on) throws SQLException {
    return on.unwrap(PGConnection.class).getCopyAPI();
  }

  static Object copyIn() throws Exception {
    String people = "full_name,id\n\"Dee, D\",9\n";
    return Arrays.asList(
        copying(connection).copyIn("COPY sale (id, user_id, note) FROM STDIN",
            new StringReader("60\t1\tä€\n61\t2\t\\N\n")),
        copying(connection).copyIn("COPY person (full_name, id) FROM STDIN (FORMAT csv, HEADER)",
            new ByteArrayInputStream(people.getBytes(StandardCharsets.UTF_8))),
        ask("DELETE FROM sale WHERE id >= 60 RETURNING id, user_id, note"),
        ask("DELETE FROM person WHERE id = 9 RETURNING full_name"));
  }

  static Object copyOut() throws Exception {
    List<Object> seen = new ArrayList<>();
    for (String sql : List.of("COPY sale TO STDOUT",
        "COPY sale (user_id, id) TO STDOUT (FORMAT csv)",
        "COPY (SELECT user_id, full_name FROM sale, person ORDER BY 1, 2) TO STDOUT (FORMAT csv, HEADER)")) {
      ByteArrayOutputStream out = new ByteArrayOutputStream();
      seen.add(copying(connection).copyOut(sql, out));
      seen.add(out.toString(StandardCharsets.UTF_8));
    }
    return seen;
  }

  static Object copyError() throws Exception {
    List<Object> seen = new ArrayList<>();
    String sql = "COPY sale (id, user_id) FROM STDIN";
    for (String data : List.of("70\tx\n71\t1\n", "70\t-1\n", "1\t1\n")) {
      seen.add(errorOf(() -> copying(connection).copyIn(sql, new StringReader(data))));
    }
    InputStream failing = new InputStream() {
      public int read() throws IOException {
        throw new IOException("the source failed");
      }
    };
    try {
      copying(connection).copyIn(sql, failing);
    } catch (IOException | SQLException error) {
      seen.add(error.getMessage());
    }
    seen.add(ask("SELECT user_id FROM sale ORDER BY id"));
    return seen;
  }

  static Object cursor() throws Exception {
    List<Object> seen = new ArrayList<>();
    try (Connection other = connect()) {
      other.setAutoCommit(false);
      String sql = "SELECT n, user_id FROM sale, generate_series(1, 5) n ORDER BY n, id";
      for (int count = 0; count < 7; count++) {
        try (PreparedStatement statement = other.prepareStatement(sql)) {
          statement.setFetchSize(2);
          seen.add(rows(statement.executeQuery()));
        }
      }
      try (Statement statement = other.createStatement()) {
        statement.setFetchSize(3);
        ResultSet set = statement.executeQuery(sql);
        set.next();
        // Another statement while the portal is open, and the portal left before its end.
        seen.add(ask(other, "SELECT full_name FROM person ORDER BY id"));
        for (int count = 0; count < 5; count++) set.next();
        seen.add(set.getInt("user_id"));
      }
      other.rollback();
    }
    return seen;
  }

  static Object metadata() throws Exception {
    List<Object> seen = new ArrayList<>();
    for (String sql : List.of(
        "SELECT *, user_id AS u, user_id + 1, upper(note) FROM sale WHERE user_id = ? AND note = ?",
        "SELECT s.user_id, p.* FROM sale s, person p WHERE p.full_name = ?",
        "UPDATE sale SET user_id = ? WHERE tags = ?")) {
      try (PreparedStatement statement = connection.prepareStatement(sql)) {
        ResultSetMetaData data = statement.getMetaData();
        for (int index = 1; data != null && index <= data.getColumnCount(); index++) {
          seen.add(Arrays.asList(data.getColumnName(index), data.getColumnLabel(index),
              data.getColumnTypeName(index), data.getPrecision(index), data.getScale(index),
              data.getColumnDisplaySize(index), data.getColumnClassName(index)));
        }
        ParameterMetaData given = statement.getParameterMetaData();
        for (int index = 1; index <= given.getParameterCount(); index++) {
          seen.add(given.getParameterTypeName(index));
        }
      }
    }
    return seen;
  }

  static Object listened() throws Exception {
    List<Object> seen = new ArrayList<>();
    try (Connection other = connect()) {
      ask(other, "LISTEN news");
      ask("SELECT pg_notify('news', ?)", "ä€");
      for (PGNotification each : other.unwrap(PGConnection.class).getNotifications(10000)) {
        seen.add(Arrays.asList(each.getName(), each.getParameter()));
      }
    }
    return seen;
  }

  static Object notice() throws Exception {
    List<Object> seen = new ArrayList<>();
    try (Statement statement = connection.createStatement()) {
      statement.execute("DO $$ BEGIN RAISE NOTICE 'a note'; RAISE WARNING 'a warning'; END $$");
      for (SQLWarning each = statement.getWarnings(); each != null; each = each.getNextWarning()) {
        seen.addAll(Arrays.asList(each.getSQLState(), each.getMessage()));
      }
    }
    return seen;
  }

  static Object cancel() throws Exception {
    try (Statement statement = connection.createStatement()) {
      Thread thread = new Thread(() -> {
        try {
          Thread.sleep(300);
          statement.cancel();
        } catch (InterruptedException | SQLException error) {
          throw new IllegalStateException(error);
        }
      });
      thread.start();
      Object error = errorOf(() -> statement.executeQuery("SELECT user_id, pg_sleep(30) FROM sale"));
      thread.join();
      return Arrays.asList(error, ask("SELECT user_id FROM sale ORDER BY id"));
    }
  }

  static Object timeout() throws Exception {
    try (Statement statement = connection.createStatement()) {
      statement.setQueryTimeout(1);
      Object late = errorOf(() -> statement.executeQuery("SELECT user_id, pg_sleep(30) FROM sale"));
      ask("SET statement_timeout = '200ms'");
      Object error = errorOf(() -> ask("SELECT user_id, pg_sleep(30) FROM sale"));
      ask("RESET statement_timeout");
      return Arrays.asList(late, error, ask("SELECT user_id FROM sale ORDER BY id"));
    }
  }

  static Object large() throws Exception {
    byte[] raw = new byte[5 * 1024 * 1024];
    for (int index = 0; index < raw.length; index++) raw[index] = (byte) (index * 31);
    String text = "{\"text\": \"" + "ä".repeat(raw.length / 2) + "\"}";
    ask("INSERT INTO sale (id, user_id, raw, extra) VALUES (80, 1, ?, ?::jsonb)", raw, text);
    MessageDigest md5 = MessageDigest.getInstance("MD5");
    List<Object> seen = new ArrayList<>();
    try (Statement statement = connection.createStatement()) {
      ResultSet set =
          statement.executeQuery("DELETE FROM sale WHERE id = 80 RETURNING user_id, raw, extra");
      set.next();
      seen.add(set.getInt("user_id"));
      seen.add(HexFormat.of().formatHex(md5.digest(set.getBytes("raw"))));
      seen.add(set.getString("extra").equals(text));
      set = statement.executeQuery(
          "SELECT user_id, repeat('x', 1000) AS x FROM sale, generate_series(1, 5000)");
      int size = 0;
      while (set.next()) size += set.getString("x").length();
      seen.add(size);
    }
    return seen;
  }

  static String json(Object value) {
    if (value == null) return "null";
    if (value instanceof Number || value instanceof Boolean) return value.toString();
    if (value instanceof List) {
      List<String> parts = new ArrayList<>();
      for (Object each : (List<?>) value) parts.add(json(each));
      return "[" + String.join(",", parts) + "]";
    }
    StringBuilder text = new StringBuilder("\"");
    for (char each : value.toString().toCharArray()) {
      boolean isPlain = each >= ' ' && each < 127 && each != '"' && each != '\\';
      text.append(isPlain ? String.valueOf(each) : String.format("\\u%04x", (int) each));
    }
    return text.append('"').toString();
  }

  static void print(String name, Case run) throws Exception {
    System.out.println("{\"case\":\"" + name + "\",\"saw\":" + json(run.run()) + "}");
  }

  public static void main(String[] given) throws Exception {
    arguments = given;
    connection = connect();
    print("types", Contract::types);
    print("parameters", Contract::parameters);
    print("prepared", Contract::prepared);
    print("batch", Contract::batch);
    print("transaction", Contract::transaction);
    print("savepoint", Contract::savepoint);
    print("errors", Contract::errors);
    print("copy in", Contract::copyIn);
    print("copy out", Contract::copyOut);
    print("copy error", Contract::copyError);
    print("cursor", Contract::cursor);
    print("metadata", Contract::metadata);
    print("notify", Contract::listened);
    print("notice", Contract::notice);
    print("cancel", Contract::cancel);
    print("timeout", Contract::timeout);
    print("large", Contract::large);
    connection.close();
  }
}
