package io.github.usage4j.sink;

import io.github.usage4j.credit.CreditEntry;
import io.github.usage4j.credit.CreditStore;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** The ledgers of an {@link InMemoryUsageStore}. */
final class InMemoryCredits implements CreditStore {

  private final Map<String, List<CreditEntry>> accounts = new ConcurrentHashMap<>();

  private List<CreditEntry> ledger(String account) {
    return accounts.computeIfAbsent(account, name -> new ArrayList<>());
  }

  @Override
  public List<CreditEntry> add(
      String account, @Nullable String reference, Function<Account, List<CreditEntry>> work) {
    List<CreditEntry> ledger = ledger(account);
    synchronized (ledger) {
      List<CreditEntry> added = List.copyOf(work.apply(accountOf(ledger, reference)));
      ledger.addAll(added);
      return added;
    }
  }

  private static Account accountOf(List<CreditEntry> ledger, @Nullable String reference) {
    var brought = new LinkedHashMap<UUID, CreditEntry>();
    var left = new LinkedHashMap<UUID, BigDecimal>();
    var known = new ArrayList<CreditEntry>();
    BigDecimal balance = BigDecimal.ZERO;
    for (CreditEntry entry : ledger) {
      if (entry.type().brings()) {
        brought.put(entry.id(), entry);
      }
      left.merge(entry.lot(), entry.amount(), BigDecimal::add);
      balance = balance.add(entry.amount());
      if (entry.reference().equals(reference)) {
        known.add(entry);
      }
    }
    var lots = new ArrayList<Lot>();
    brought.forEach(
        (id, entry) -> {
          BigDecimal rest = left.getOrDefault(id, BigDecimal.ZERO);
          if (rest.signum() > 0) {
            lots.add(new Lot(entry, rest));
          }
        });
    return new Account(lots, known, balance);
  }

  @Override
  public List<CreditEntry> entries(String account) {
    List<CreditEntry> ledger = ledger(account);
    synchronized (ledger) {
      return List.copyOf(ledger);
    }
  }

  @Override
  public BigDecimal balance(String account) {
    return entries(account).stream()
        .map(CreditEntry::amount)
        .reduce(BigDecimal.ZERO, BigDecimal::add);
  }
}
