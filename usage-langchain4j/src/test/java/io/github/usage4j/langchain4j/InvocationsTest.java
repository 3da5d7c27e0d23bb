package io.github.usage4j.langchain4j;

import static org.assertj.core.api.Assertions.assertThat;

import dev.langchain4j.invocation.InvocationContext;
import java.util.UUID;
import org.junit.jupiter.api.Test;

/** Which invocations of AI services are remembered. */
class InvocationsTest {

  @Test
  void invocationsThatNeverEnd_areForgottenWhenThereAreTooMany() {
    var invocations = new Invocations(new Ledger().tracker);
    for (int i = 0; i < Invocations.MAX_REMEMBERED + 1_000; i++) {
      invocations.started(InvocationContext.builder().invocationId(new UUID(i, i)).build());
    }

    assertThat(invocations.underWay()).isEqualTo(Invocations.MAX_REMEMBERED);
  }
}
