# The cases of ../driver-contract.test.ts as Perl's DBD::Pg spells them; one line of JSON each.

use strict;
use warnings;
use utf8;
use DBI;
use DBD::Pg qw(:pg_types :async);
use Digest::MD5 qw(md5_hex);
use JSON::PP;

my ($host, $port, $database, $application_name) = @ARGV;

sub dial {
    my $dsn = "dbi:Pg:host=$host;port=$port;dbname=$database;application_name=$application_name";
    my %options = (RaiseError => 1, PrintError => 0, PrintWarn => 0, AutoCommit => 1);
    return DBI->connect($dsn, "postgres", "", { %options, pg_enable_utf8 => 1, @_ });
}

my $dbh = dial();
my @fields = qw(severity primary detail hint statement_position context);
push @fields, qw(schema table column type constraint source_function);

# The rows of a statement, or how many it changed.
sub ask_on {
    my ($on, $sql, @values) = @_;
    my $sth = $on->prepare($sql);
    my $count = $sth->execute(@values);
    return { count => $count + 0, names => $sth->{NAME}, rows => $sth->fetchall_arrayref }
        if $sth->{NUM_OF_FIELDS};
    return { count => $count + 0 };
}

sub ask { return ask_on($dbh, @_) }

sub error_of {
    my ($run, $on) = @_;
    $on //= $dbh;
    return "no error" if eval { $run->(); 1 };
    my %fields = map { $_ => $on->pg_error_field($_) } @fields;
    return { state => $on->state, text => $on->errstr, %fields };
}

sub types {
    return ask("SELECT id, user_id, amount, note, at, extra, tags, encode(raw, 'hex') AS raw, NULL AS nothing,"
        . " 1.5::float8 AS real, true AS yes, ARRAY[[1, 2], [3, NULL]] AS grid, 'a'::char(3) AS padded"
        . " FROM sale ORDER BY id");
}

sub named {
    my ($name, $value) = @_;
    my $sth = $dbh->prepare("SELECT user_id FROM sale WHERE id = $name");
    $sth->bind_param($name, $value);
    $sth->execute;
    return $sth->fetchrow_hashref;
}

sub parameters {
    my $sth = $dbh->prepare("INSERT INTO sale (id, user_id, amount, note, tags, extra, raw)"
        . " VALUES (?, ?, ?, ?, ?, ?, ?) RETURNING id, user_id, note, tags, extra");
    $sth->bind_param(7, "\x00\xff'\\", { pg_type => PG_BYTEA });
    my @values = (10, 5, "3.10", "it's ä€\\", ["x", "y,z", undef], '{"k": [1, null]}');
    $sth->bind_param($_ + 1, $values[$_]) for 0 .. $#values;
    $sth->execute;
    return [
        $sth->fetchall_arrayref,
        ask('UPDATE sale SET user_id = $1 WHERE user_id = $2', 6, 5),
        ask("SELECT id, user_id FROM sale WHERE user_id = ANY(?) ORDER BY id", [6, 20]),
        named(":id", 10),
        ask("SELECT full_name FROM person WHERE full_name LIKE ? ORDER BY 1", "%n%"),
        error_of(sub { ask("SELECT user_id FROM sale WHERE id = ?", "not a number") }),
        ask("DELETE FROM sale WHERE id = ? RETURNING user_id", 10),
    ];
}

sub prepared {
    my @seen;
    for my $options ({}, { pg_prepare_now => 1 }, { pg_server_prepare => 0 }, { pg_switch_prepared => 1 }) {
        my $sql = "SELECT id, user_id FROM sale WHERE user_id >= ? ORDER BY id";
        my $sth = $dbh->prepare($sql, $options);
        for my $least (1 .. 7) {
            $sth->execute($least);
            push @seen, $sth->fetchall_arrayref;
        }
    }
    return \@seen;
}

sub batch {
    my $sth = $dbh->prepare("INSERT INTO sale (id, user_id) VALUES (?, ?)");
    my $count = $sth->execute_array({ ArrayTupleStatus => \my @status }, [20 .. 39], [1 .. 20]);
    my $failed = error_of(sub { $sth->execute_array({ ArrayTupleStatus => \my @none }, [40, 41], [1, -1]) });
    return [
        $count + 0, \@status, $failed,
        $dbh->do("UPDATE sale SET user_id = user_id; UPDATE person SET full_name = full_name"),
        ask("SELECT count(*), sum(user_id) FROM sale"),
        ask("DELETE FROM sale WHERE id >= 20"),
    ];
}

sub transaction {
    my $other = dial();
    $other->begin_work;
    my @seen = (ask_on($other, "UPDATE sale SET user_id = user_id + 1"), $other->ping);
    $other->commit;
    $other->{AutoCommit} = 0;
    push @seen, ask_on($other, "UPDATE sale SET user_id = user_id + 5");
    push @seen, error_of(sub { ask_on($other, "SELECT 1/0") }, $other);
    push @seen, error_of(sub { ask_on($other, "SELECT user_id FROM sale") }, $other), $other->ping;
    $other->rollback;
    $other->{ReadOnly} = 1;
    push @seen, error_of(sub { ask_on($other, "UPDATE sale SET user_id = 1") }, $other);
    $other->rollback;
    $other->{ReadOnly} = 0;
    push @seen, ask_on($other, "UPDATE sale SET user_id = user_id - 1");
    $other->commit;
    $other->disconnect;
    return [@seen, ask("SELECT user_id FROM sale ORDER BY id")];
}

sub savepoint {
    my $other = dial(AutoCommit => 0);
    $other->pg_savepoint("a");
    my @seen = error_of(sub { ask_on($other, "INSERT INTO sale (id, user_id) VALUES (?, ?)", 1, 1) }, $other);
    $other->pg_rollback_to("a");
    push @seen, ask_on($other, "SELECT user_id FROM sale ORDER BY id");
    $other->pg_release("a");
    $other->rollback;
    $other->disconnect;
    return \@seen;
}

sub errors {
    my @texts = (
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
        "SELECT full_name / 2 FROM person",
    );
    my @seen = map { my $sql = $_; error_of(sub { ask($sql) }) } @texts;
    push @seen, error_of(sub { ask("SELECT user_id, nope FROM sale WHERE id = ?", 1) });
    return [@seen, ask("SELECT user_id FROM sale WHERE id = 1")];
}

sub copy_in {
    $dbh->do("COPY sale (id, user_id, note) FROM STDIN");
    $dbh->pg_putcopydata($_) for ("60\t1\tä€\n", "61\t2\t\\N\n");
    my @seen = $dbh->pg_putcopyend;
    $dbh->do("COPY person (full_name, id) FROM STDIN (FORMAT csv, HEADER)");
    $dbh->pg_putcopydata("full_name,id\n\"Dee, D\",9\n");
    push @seen, $dbh->pg_putcopyend;
    return [
        @seen,
        ask("DELETE FROM sale WHERE id >= 60 RETURNING id, user_id, note"),
        ask("DELETE FROM person WHERE id = 9 RETURNING full_name"),
    ];
}

sub copy_out {
    my @seen;
    for my $sql (
        "COPY sale TO STDOUT",
        "COPY sale (user_id, id) TO STDOUT (FORMAT csv)",
        "COPY (SELECT user_id, full_name FROM sale, person ORDER BY 1, 2) TO STDOUT (FORMAT csv, HEADER)",
    ) {
        $dbh->do($sql);
        my ($line, @lines);
        push @lines, $line while $dbh->pg_getcopydata($line) >= 0;
        push @seen, \@lines;
    }
    return \@seen;
}

sub copy_error {
    my $copy = sub {
        my ($data) = @_;
        return error_of(sub {
            $dbh->do("COPY sale (id, user_id) FROM STDIN");
            $dbh->pg_putcopydata($data);
            $dbh->pg_putcopyend;
        });
    };
    my @seen = map { $copy->($_) } ("70\tx\n71\t1\n", "70\t-1\n", "1\t1\n");
    return [@seen, ask("SELECT user_id FROM sale ORDER BY id")];
}

sub cursor {
    my $other = dial(AutoCommit => 0);
    $other->do("DECLARE c SCROLL CURSOR FOR SELECT id, user_id FROM sale ORDER BY id");
    my @seen = map { ask_on($other, $_) } ("FETCH 2 FROM c", "MOVE ABSOLUTE 0 IN c", "FETCH ALL FROM c", "CLOSE c");
    $other->rollback;
    $other->disconnect;
    return \@seen;
}

sub metadata {
    my $sth = $dbh->prepare("SELECT *, user_id AS u, user_id + 1, upper(note) FROM sale WHERE user_id = ?",
        { pg_prepare_now => 1 });
    $sth->execute(20);
    my @seen = map { $sth->{$_} } qw(NAME TYPE PRECISION SCALE pg_type pg_size NUM_OF_PARAMS);
    push @seen, $sth->fetchrow_hashref;
    return [@seen, ask("SELECT s.user_id, p.* FROM sale s, person p WHERE p.full_name = ?", "Ann")];
}

sub notify {
    my $other = dial();
    $other->do("LISTEN news");
    $dbh->do("SELECT pg_notify('news', ?)", undef, "ä€");
    my $note;
    for (1 .. 1000) {
        last if $note = $other->pg_notifies;
        select undef, undef, undef, 0.01;
    }
    $other->disconnect;
    return [$note->[0], $note->[2]];
}

sub notice {
    my @seen;
    local $SIG{__WARN__} = sub { push @seen, @_ };
    local $dbh->{PrintWarn} = 1;
    $dbh->do("DO \$\$ BEGIN RAISE NOTICE 'a note'; RAISE WARNING 'a warning'; END \$\$");
    s/ at \S+ line \d+.*//s for @seen;
    return \@seen;
}

sub cancel {
    my $sth = $dbh->prepare("SELECT user_id, pg_sleep(30) FROM sale", { pg_async => PG_ASYNC });
    $sth->execute;
    select undef, undef, undef, 0.3;
    my $cancelled = $dbh->pg_cancel;
    return [$cancelled, $dbh->state, ask("SELECT user_id FROM sale ORDER BY id")];
}

sub timeout {
    $dbh->do("SET statement_timeout = '200ms'");
    my $seen = error_of(sub { ask("SELECT user_id, pg_sleep(30) FROM sale") });
    $dbh->do("RESET statement_timeout");
    return [$seen, ask("SELECT user_id FROM sale ORDER BY id")];
}

sub large {
    my $raw = "\x00\xff" x (5 * 1024 * 1024 / 2);
    my $sth = $dbh->prepare("INSERT INTO sale (id, user_id, raw, extra) VALUES (80, 1, ?, ?)");
    $sth->bind_param(1, $raw, { pg_type => PG_BYTEA });
    my $text = '{"text": "' . "ä" x (5 * 1024 * 1024 / 2) . '"}';
    $sth->bind_param(2, $text);
    $sth->execute;
    my ($row) = @{ ask("DELETE FROM sale WHERE id = 80 RETURNING user_id, raw, extra")->{rows} };
    my $rows = ask("SELECT user_id, repeat('x', 1000) FROM sale, generate_series(1, 5000)")->{rows};
    my $size = 0;
    $size += length $_->[1] for @$rows;
    return [$row->[0], md5_hex($row->[1]), $row->[2] eq $text ? "same" : "other", $size];
}

my @cases = (
    [types => \&types], [parameters => \&parameters], [prepared => \&prepared], [batch => \&batch],
    [transaction => \&transaction], [savepoint => \&savepoint], [errors => \&errors],
    ["copy in" => \&copy_in], ["copy out" => \&copy_out], ["copy error" => \&copy_error],
    [cursor => \&cursor], [metadata => \&metadata], [notify => \&notify], [notice => \&notice],
    [cancel => \&cancel], [timeout => \&timeout], [large => \&large],
);

my $json = JSON::PP->new->canonical->ascii->allow_nonref;
for my $case (@cases) {
    my ($name, $run) = @$case;
    print $json->encode({ case => $name, saw => $run->() }), "\n";
}
$dbh->disconnect;
