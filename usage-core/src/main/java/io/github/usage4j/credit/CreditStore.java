package io.github.usage4j.credit;

import io.github.usage4j.UsageException;
import java.math.BigDecimal;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * What a store keeps of credits: the SPI behind a ledger. It decides nothing: it adds entries under
 * the lock of an account, and reads them. Safe for use by several threads and instances.
 */
public interface CreditStore {

  /**
   * What is left of the credits that one entry brought.
   *
   * @param entry the entry that brought them
   * @param left the sum of all entries of its lot; 0 or more
   */
  record Lot(CreditEntry entry, BigDecimal left) {}

  /**
   * An account while it is locked.
   *
   * @param lots those of which anything is left, expired or not, in the order in which they were
   *     made
   * @param known the entries of the reference that was asked for, oldest first
   * @param balance the sum of all entries
   */
  record Account(List<Lot> lots, List<CreditEntry> known, BigDecimal balance) {

    /** Those of the entries known that are of a type. */
    public List<CreditEntry> known(CreditEntry.Type type) {
      return known.stream().filter(entry -> entry.type() == type).toList();
    }
  }

  /**
   * Adds what a function makes of an account. All in one transaction, which locks a row of the
   * account that stays (not its latest entry: two that both read that one would not exclude each
   * other), creating it if there is none. Transactions of one account happen one after the other.
   * Nothing is stored if the function throws, which reaches the caller unchanged.
   *
   * @param reference which entries the function wants to know; null for none
   * @param work is the ledger's own: quick, without input and output; called once, while the
   *     account is locked
   * @return what was added
   * @throws UsageException if the store cannot do it now
   */
  List<CreditEntry> add(
      String account, @Nullable String reference, Function<Account, List<CreditEntry>> work);

  /** The entries of an account, oldest first. */
  List<CreditEntry> entries(String account);

  /** The sum of the entries of an account; 0 if there are none. */
  BigDecimal balance(String account);
}
