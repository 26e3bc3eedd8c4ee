import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Properties;

/** Logs in by pgjdbc: prints who it is on the server, or the error. Arguments: port, user, password, sslmode. */
public class Login {
  public static void main(String[] arguments) {
    Properties properties = new Properties();
    properties.setProperty("user", arguments[1]);
    properties.setProperty("password", arguments[2]);
    properties.setProperty("sslmode", arguments[3]);
    String url = "jdbc:postgresql://127.0.0.1:" + arguments[0] + "/postgres";
    try (Connection connection = DriverManager.getConnection(url, properties);
        Statement statement = connection.createStatement();
        ResultSet rows = statement.executeQuery("SELECT session_user")) {
      rows.next();
      System.out.println(rows.getString(1));
    } catch (SQLException error) {
      System.out.println(error.getMessage());
    }
  }
}
