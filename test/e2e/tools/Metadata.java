import java.sql.Connection;
import java.sql.DatabaseMetaData;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.ResultSetMetaData;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Properties;

/** What pgjdbc reads of a schema. Arguments: host, port, database, application_name. */
public class Metadata {
  static void show(String title, ResultSet rows) throws SQLException {
    ResultSetMetaData meta = rows.getMetaData();
    List<String> lines = new ArrayList<>();
    while (rows.next()) {
      StringBuilder line = new StringBuilder(" ");
      for (int index = 1; index <= meta.getColumnCount(); index++) {
        line.append(' ').append(meta.getColumnName(index)).append('=').append(rows.getString(index));
      }
      lines.add(line.toString());
    }
    rows.close();
    // They are not told apart by what pgjdbc sorts them by.
    if (title.equals("types")) Collections.sort(lines);
    System.out.println(title);
    for (String line : lines) System.out.println(line);
  }

  public static void main(String[] arguments) throws SQLException {
    Properties properties = new Properties();
    properties.setProperty("user", "postgres");
    properties.setProperty("ApplicationName", arguments[3]);
    // Sends the name at startup rather than by a SET.
    properties.setProperty("assumeMinServerVersion", "9.4");
    String url = "jdbc:postgresql://" + arguments[0] + ":" + arguments[1] + "/" + arguments[2];
    try (Connection connection = DriverManager.getConnection(url, properties)) {
      DatabaseMetaData meta = connection.getMetaData();
      for (String table : new String[] {"%", "orders", "person", "people", "big"}) {
        show("tables " + table, meta.getTables(null, "public", table, null));
        show("columns", meta.getColumns(null, "public", table, null));
        show("column", meta.getColumns(null, null, table, "user_id"));
        show("primary keys", meta.getPrimaryKeys(null, "public", table));
        show("imported keys", meta.getImportedKeys(null, "public", table));
        show("exported keys", meta.getExportedKeys(null, "public", table));
        show("indexes", meta.getIndexInfo(null, "public", table, false, true));
        show("row identifier", meta.getBestRowIdentifier(null, null, table, 2, true));
        show("privileges", meta.getTablePrivileges(null, "public", table));
        show("column privileges", meta.getColumnPrivileges(null, "public", table, "%"));
      }
      show("references", meta.getCrossReference(null, null, null, null, "public", "orders"));
      show("functions", meta.getFunctions(null, "public", "%"));
      show("types", meta.getTypeInfo());
      int updatable = ResultSet.CONCUR_UPDATABLE;
      try (Statement statement = connection.createStatement(ResultSet.TYPE_SCROLL_INSENSITIVE, updatable);
          ResultSet rows = statement.executeQuery("SELECT * FROM orders ORDER BY id")) {
        connection.setAutoCommit(false);
        rows.first();
        rows.updateInt(2, rows.getInt(2));
        rows.updateRow();
        rows.refreshRow();
        System.out.println(rows.getMetaData().getColumnName(2) + " " + rows.getInt(2));
        connection.rollback();
      }
    }
  }
}
