package io.github.usage4j.examples.support;

import java.util.ArrayList;
import java.util.List;

/** A table of text: the first column to the left, all others to the right. */
public final class TextTable {

  private final List<String[]> rows = new ArrayList<>();

  /** A table with these column heads. */
  public TextTable(String... heads) {
    rows.add(heads);
  }

  /** Adds a row; every cell is shown by its {@code toString}, a long with separators. */
  public TextTable row(Object... cells) {
    var row = new String[cells.length];
    for (int i = 0; i < cells.length; i++) {
      row[i] = cells[i] instanceof Long count ? String.format("%,d", count) : cells[i].toString();
    }
    rows.add(row);
    return this;
  }

  /** The lines of the table. */
  public List<String> lines() {
    var widths = new int[rows.get(0).length];
    for (String[] row : rows) {
      for (int i = 0; i < row.length; i++) {
        widths[i] = Math.max(widths[i], row[i].length());
      }
    }
    var lines = new ArrayList<String>();
    for (String[] row : rows) {
      var line = new StringBuilder();
      for (int i = 0; i < row.length; i++) {
        String pad = " ".repeat(widths[i] - row[i].length());
        line.append(i == 0 ? row[i] + pad : "  " + pad + row[i]);
      }
      lines.add(line.toString().stripTrailing());
    }
    return lines;
  }
}
