# What ActiveRecord reads of a database. Arguments: host, port, database, application_name.
require "active_record"

host, port, name, application = ARGV
ActiveRecord::Base.establish_connection(
  adapter: "postgresql", host: host, port: port, database: name, username: "postgres",
  variables: {}, application_name: application
)
connection = ActiveRecord::Base.connection
connection.data_sources.sort.each do |table|
  puts table, connection.primary_keys(table).inspect
  connection.columns(table).each do |column|
    puts [column.name, column.sql_type, column.null, column.default, column.default_function, column.comment].inspect
  end
  next unless connection.tables.include?(table)

  connection.indexes(table).sort_by(&:name).each do |index|
    puts [index.name, index.columns, index.unique, index.where, index.orders].inspect
  end
  connection.foreign_keys(table).each { |key| puts [key.to_table, key.options].inspect }
  puts connection.check_constraints(table).map { |check| [check.name, check.expression] }.inspect
  puts connection.pk_and_sequence_for(table).inspect
end
ActiveRecord::SchemaDumper.dump(connection, $stdout)
class Order < ActiveRecord::Base; end
puts Order.column_names.inspect, Order.first&.attributes.inspect
