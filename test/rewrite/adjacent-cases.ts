import type { RewriteCase } from "./setting.ts";

/**
 * Names with no blank beside them, after the flip, as the old version sends them: what is put in their
 * place, or beside them, must not become part of the next word.
 */
export const ADJACENT: readonly RewriteCase[] = [
  {
    before: 'DELETE FROM orders WHERE"user_id"IS NULL RETURNING"user_id"',
    after: 'DELETE FROM orders WHERE"customer_id"IS NULL RETURNING"customer_id" AS user_id',
  },
  {
    before: 'UPDATE orders SET total=1 WHERE id IN(1)AND"user_id"IN(20)RETURNING"user_id"x,"id"',
    after:
      'UPDATE orders SET total=1 WHERE id IN(1)AND"customer_id"IN(20)RETURNING"customer_id"x,"id"',
  },
  {
    before: "DELETE FROM orders WHERE(user_id)IN(20)RETURNING(user_id)",
    after: "DELETE FROM orders WHERE(customer_id)IN(20)RETURNING(customer_id) AS user_id",
  },
  {
    before: 'SELECT*FROM"person"WHERE id=1',
    after: 'SELECT*FROM"people" AS person WHERE id=1',
  },
  {
    before: 'SELECT*FROM"orders"WHERE id=1',
    after: 'SELECT*FROM"orders" AS orders(id, user_id)WHERE id=1',
  },
  {
    before: 'SELECT*FROM"orders"AS"o"WHERE"o"."user_id"=1',
    after: 'SELECT*FROM"orders"AS"o"(id, user_id)WHERE"o"."user_id"=1',
  },
  {
    before: "SELECT*FROM(SELECT*FROM orders)x",
    after: "SELECT*FROM(SELECT*FROM orders AS orders(id, user_id))x",
  },
  {
    before: 'SELECT row_to_json(o)FROM orders"o"WHERE id=1',
    after: 'SELECT row_to_json(o)FROM (SELECT * FROM orders"o"(id, user_id)) AS o WHERE id=1',
  },
  {
    before: 'SELECT*FROM"person"WHERE"public"."person".id IN(1)AND"public".person.id=1',
    after: 'SELECT*FROM"people" AS person WHERE"person".id IN(1)AND person.id=1',
  },
  { before: 'TABLE"person"', after: 'SELECT * FROM"people" AS person' },
  { before: '(TABLE"person")', after: '(SELECT * FROM"people" AS person)' },
  {
    before: 'INSERT INTO"person"(id)VALUES(9)RETURNING"person"."id"',
    after: 'INSERT INTO"people" AS person(id)VALUES(9)RETURNING"person"."id"',
  },
  {
    before: "UPDATE\"person\"SET name='q'WHERE id=1",
    after: "UPDATE\"people\" AS person SET name='q'WHERE id=1",
  },
  {
    before: 'DELETE FROM"person"WHERE id=1',
    after: 'DELETE FROM"people" AS person WHERE id=1',
  },
  {
    before:
      'INSERT INTO orders("id","user_id")VALUES(1,2)ON CONFLICT("id")DO UPDATE SET"user_id"=3',
    after:
      'INSERT INTO orders("id","customer_id")VALUES(1,2)ON CONFLICT("id")DO UPDATE SET"customer_id"=3',
  },
  {
    before: 'WITH"d"AS(DELETE FROM"orders"RETURNING*)SELECT"user_id"FROM"d"',
    after: 'WITH"d"(id, user_id)AS(DELETE FROM"orders"RETURNING*)SELECT"user_id"FROM"d"',
  },
  { before: 'SELECT*FROM"people"WHERE id=1', after: 'SELECT*FROM"person"WHERE id=1' },
];
