package io.github.usage4j.examples.replay;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.InjectableValues;
import com.fasterxml.jackson.databind.JsonMappingException;
import com.fasterxml.jackson.databind.MapperFeature;
import com.fasterxml.jackson.databind.ObjectReader;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.exc.ValueInstantiationException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.github.usage4j.examples.support.BadInputException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Finds and reads recorded exchange files; what it cannot read is named with file, line and reason.
 */
final class ExchangeReader {
  private static final ObjectReader JSON =
      JsonMapper.builder()
          .propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE)
          .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
          .disable(DeserializationFeature.ACCEPT_FLOAT_AS_INT)
          .disable(MapperFeature.ALLOW_COERCION_OF_SCALARS)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          .disable(StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION)
          .build()
          .readerFor(ExchangeFile.class);

  /**
   * Where an unclosed object began: Jackson's words for it are longer than the rest of the message.
   */
  private static final Pattern STARTING_AT =
      Pattern.compile(" \\(.* (starting|start marker) at \\[.*\\]\\)");

  private final Path directory;

  ExchangeReader(Path directory) {
    this.directory = directory;
  }

  /** Every JSON file below the directory, in the order of their names. */
  List<Path> files() throws BadInputException {
    if (!Files.isDirectory(directory)) {
      throw new BadInputException(directory + ": no such directory");
    }
    try (Stream<Path> all = Files.walk(directory)) {
      List<Path> files =
          all.filter(
                  path ->
                      path.getFileName().toString().endsWith(".json") && Files.isRegularFile(path))
              .sorted()
              .collect(Collectors.toList());
      if (files.isEmpty()) {
        throw new BadInputException(
            directory + ": holds no recorded exchange (no file named *.json)");
      }
      return files;
    } catch (IOException e) {
      throw new BadInputException(directory + ": cannot be listed: " + e.getMessage());
    }
  }

  /** The file's name in reports: its path below the directory, with slashes. */
  String name(Path file) {
    return directory.relativize(file).toString().replace('\\', '/');
  }

  /** Reads one file. */
  ExchangeFile read(Path file) throws BadInputException {
    try {
      return JSON.with(new InjectableValues.Std().addValue(ExchangeFile.NAME, name(file)))
          .readValue(Files.readAllBytes(file));
    } catch (JacksonException e) {
      throw new BadInputException(file + place(e) + ": not a recorded exchange: " + reason(e));
    } catch (IOException e) {
      throw new BadInputException(file + ": cannot be read: " + e);
    }
  }

  private static String place(JacksonException e) {
    JsonLocation location = e.getLocation();
    return location == null || location.getLineNr() < 1 ? "" : ":" + location.getLineNr();
  }

  private static String reason(JacksonException e) {
    Throwable cause = e.getCause();
    String what =
        e instanceof ValueInstantiationException && cause != null
            ? cause.getMessage()
            : e.getOriginalMessage();
    String where = e instanceof JsonMappingException mapping ? path(mapping) : "";
    return (where.isEmpty() ? "" : "in " + where + ": ") + STARTING_AT.matcher(what).replaceAll("");
  }

  private static String path(JsonMappingException e) {
    StringBuilder path = new StringBuilder();
    for (JsonMappingException.Reference reference : e.getPath()) {
      if (reference.getFieldName() != null) {
        path.append(path.length() == 0 ? "" : ".").append(reference.getFieldName());
      } else {
        path.append('[').append(reference.getIndex()).append(']');
      }
    }
    return path.toString();
  }
}
