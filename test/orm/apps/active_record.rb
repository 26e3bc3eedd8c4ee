# The small shop on ActiveRecord.

require "active_record"
require "json"

IS_OLD = ENV.fetch("ORM_VERSION") == "1.0.0"
# What this version calls the table and the column, and what the other one calls the column.
TABLE = IS_OLD ? "person" : "people"
COLUMN = IS_OLD ? "user_id" : "customer_id"
OTHER_COLUMN = IS_OLD ? "customer_id" : "user_id"
# The person whose orders count this version's rounds.
KEEPER = IS_OLD ? 10 : 20

# Host, database and application_name come from libpq's variables.
ActiveRecord::Base.establish_connection(adapter: "postgresql", database: ENV.fetch("PGDATABASE"))

class Person < ActiveRecord::Base
  self.table_name = TABLE
  has_many :orders, -> { order(:id) }, foreign_key: COLUMN
end

class Order < ActiveRecord::Base
  belongs_to :person, foreign_key: COLUMN
  alias_attribute :owner, COLUMN
end

def at(hour)
  Time.utc(2026, 1, 1, hour)
end

def totals(orders)
  orders.map(&:total_cents)
end

def play_round(number)
  ann, bob = Person.create!([{ name: "ann" }, { name: "bob" }])
  name = { ann.id => "ann", bob.id => "bob" }
  owners_and_totals = ->(orders) { orders.map { |order| [name[order.owner], order.total_cents] } }
  both = Order.where(person: [ann, bob])
  saw = {}

  first = Order.create!(person: ann, total_cents: 100, placed_at: at(0), note: { gift: true }).reload
  saw[:create] = [name[first.owner], first.total_cents, first.note, first.placed_at.to_i * 1000]
  bulk = Order.insert_all!(
    [[ann, 200, 1], [bob, 300, 2], [bob, 400, 3]].map do |person, total, hour|
      { COLUMN => person.id, total_cents: total, placed_at: at(hour) }
    end,
    returning: ["id", COLUMN, "total_cents"]
  )
  saw[:bulk] = bulk.map { |row| [name[row[COLUMN]], row["total_cents"]] }

  saw[:read] = owners_and_totals.(Order.where(id: first.id))
  saw[:filter] = totals(ann.orders)
  saw[:json] = totals(both.where("note @> ?", { gift: true }.to_json))
  saw[:order] = owners_and_totals.(both.order(COLUMN => :desc, total_cents: :asc))
  saw[:join] = both.eager_load(:person).order(:id).map { |order| [order.person.name, order.total_cents] }
  children = Person.where(id: [ann, bob]).preload(:orders).order(:id)
  saw[:children] = children.map { |person| [person.name, totals(person.orders)] }
  saw[:group] = both.group(COLUMN).order(COLUMN).count.map { |owner, count| [name[owner], count] }

  Order.where(person: bob).update_all("total_cents = total_cents + 1")
  saw[:update] = totals(bob.orders.reload)
  second = Order.find(bulk.first["id"])
  second.update!(person: bob)
  saw[:move] = owners_and_totals.([second.reload])
  again = [[150, 0], [500, 4]].map { |total, hour| { COLUMN => ann.id, total_cents: total, placed_at: at(hour) } }
  Order.upsert_all(again, unique_by: [COLUMN, :placed_at])
  saw[:upsert] = totals(ann.orders.reload)

  Order.transaction do
    ann.orders.create!(total_cents: 999)
    saw[:rollback] = [Order.where(person: ann).count]
    raise ActiveRecord::Rollback
  end
  saw[:rollback] << Order.where(person: ann).count
  Order.transaction do
    order = Order.lock.find_by!(person: ann, total_cents: 500)
    Order.transaction(requires_new: true) { order.update!(person: bob) }
  end
  saw[:commit] = totals(bob.orders.reorder(:total_cents))

  result = Order.connection.select_all(Order.sanitize_sql([<<~SQL, [ann.id, bob.id]]))
    SELECT o.#{COLUMN}, p.name, count(*)::int AS n FROM orders o JOIN #{TABLE} p ON p.id = o.#{COLUMN}
    WHERE o.#{COLUMN} IN (?) GROUP BY o.#{COLUMN}, p.name ORDER BY o.#{COLUMN}
  SQL
  saw[:raw] = [result.columns, *result.rows.map { |owner, *rest| [name[owner], *rest] }]
  begin
    Order.connection.execute("SELECT #{OTHER_COLUMN} FROM orders")
  rescue ActiveRecord::StatementInvalid => error
    saw[:otherName] = error.cause.result.error_field(PG::Result::PG_DIAG_SQLSTATE)
  end
  shared = Order.includes(:person).find(1)
  saw[:shared] = [shared.person.name, shared.owner, shared.total_cents]

  saw[:remove] = [Order.where(person: ann).delete_all, Order.where(person: bob).delete_all]
  Person.destroy([ann.id, bob.id])
  Order.create!(COLUMN => KEEPER, total_cents: number, placed_at: Time.now)
  saw
end

# What goes into db/schema.rb, and what a model knows.
def read_schema
  dump = StringIO.new
  ActiveRecord::SchemaDumper.dump(ActiveRecord::Base.connection, dump)
  { schema: dump.string, columns: Order.column_names, keys: [Order.primary_key, Person.primary_key] }
end

$stdout.sync = true
$stdin.each_line(chomp: true) do |line|
  number = line == "schema" ? 0 : Integer(line)
  puts JSON.generate(round: number, saw: line == "schema" ? read_schema : play_round(number))
end
