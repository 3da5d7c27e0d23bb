package io.github.usage4j.jdbc;

import io.github.usage4j.UsageEvent;
import java.math.BigDecimal;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Types;
import java.time.LocalDate;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.UUID;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * One column of the event table as it is written.
 *
 * @param name the same on every database
 * @param type what is bound
 * @param value what an event has in it; null is NULL
 */
record Column(String name, Type type, Function<UsageEvent, @Nullable Object> value) {

  /** What a column holds, with its JDBC type and the name PostgreSQL has for arrays of it. */
  enum Type {
    UUID(Types.OTHER, "uuid", String.class),
    TEXT(Types.VARCHAR, "text", String.class),
    BOOLEAN(Types.BOOLEAN, "bool", Boolean.class),
    INTEGER(Types.INTEGER, "int4", Integer.class),
    BIGINT(Types.BIGINT, "int8", Long.class),
    DECIMAL(Types.DECIMAL, "numeric", String.class),
    TIMESTAMP(Types.TIMESTAMP_WITH_TIMEZONE, "timestamptz", String.class),
    DATE(Types.DATE, "date", String.class);

    final int jdbcType;
    final String arrayOf;
    final Class<?> elementClass;

    Type(int jdbcType, String arrayOf, Class<?> elementClass) {
      this.jdbcType = jdbcType;
      this.arrayOf = arrayOf;
      this.elementClass = elementClass;
    }

    /** A value as an element of a PostgreSQL array; what has no array class of its own is text. */
    Object element(Object value) {
      if (value instanceof OffsetDateTime time) { // an Instant takes ten times as long to print
        return time.withOffsetSameInstant(ZoneOffset.UTC).toLocalDateTime() + "Z";
      }
      if (value instanceof BigDecimal amount) {
        return amount.toPlainString();
      }
      return value instanceof UUID || value instanceof LocalDate ? value.toString() : value;
    }
  }

  /** Binds the value of an event; nothing passes through a time zone of the machine. */
  void bind(PreparedStatement statement, int position, UsageEvent event) throws SQLException {
    Object bound = value.apply(event);
    if (bound == null) {
      statement.setNull(position, type == Type.UUID ? Types.NULL : type.jdbcType);
    } else {
      statement.setObject(position, bound);
    }
  }
}
