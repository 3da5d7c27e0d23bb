package io.github.usage4j.examples.quickstart;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class QuickstartCommandTest {

  @Test
  void run_showsTotalUsageBesideTheLastStep_andTheMonthEqualToIt() throws Exception {
    var bytes = new ByteArrayOutputStream();
    int exit = QuickstartCommand.run(null, new PrintStream(bytes, true, StandardCharsets.UTF_8));
    String out = bytes.toString(StandardCharsets.UTF_8);
    assertThat(exit).isZero();
    assertThat(out)
        .contains("blocking: Your order 4711 arrives tomorrow.")
        .contains("streaming: Your order 4711 arrives tomorrow.")
        .contains("last step 587 tokens, totalUsage 1,509 tokens")
        .contains("The month in the database equals the totalUsage of both requests.");
    assertThat(out.lines().filter(line -> line.startsWith("total "))).hasSize(1);
    // 2 x (412 + 471 + 523) input, 2 x (18 + 21 + 64) output, 2 x 768 cached
    assertThat(out).containsPattern("total +6 +2,812 +1,536 +206 +64 +3,018 +0.0004302 USD");
  }
}
