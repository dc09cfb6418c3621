// Validate PDF files against one flavour: java VeraCheck ua1|3a FILE...; exit 1 when one fails.
import org.verapdf.gf.foundry.VeraGreenfieldFoundryProvider;
import org.verapdf.pdfa.Foundries;
import org.verapdf.pdfa.PDFAParser;
import org.verapdf.pdfa.PDFAValidator;
import org.verapdf.pdfa.flavours.PDFAFlavour;
import org.verapdf.pdfa.results.TestAssertion;
import org.verapdf.pdfa.results.ValidationResult;
import java.io.FileInputStream;
import java.util.*;
public class VeraCheck {
  public static void main(String[] a) throws Exception {
    java.util.logging.LogManager.getLogManager().reset();
    VeraGreenfieldFoundryProvider.initialise();
    PDFAFlavour f = PDFAFlavour.fromString(a[0]);
    int bad = 0;
    for (int i = 1; i < a.length; i++) {
      try (PDFAParser p = Foundries.defaultInstance().createParser(new FileInputStream(a[i]), f)) {
        PDFAValidator v = Foundries.defaultInstance().createValidator(f, false);
        ValidationResult r = v.validate(p);
        System.out.println((r.isCompliant() ? "PASS" : "FAIL") + " " + f.getId() + " " + a[i] + " assertions=" + r.getTotalAssertions());
        Map<String,Integer> n = new TreeMap<>(); Map<String,String> m = new TreeMap<>();
        for (TestAssertion t : r.getTestAssertions()) if (t.getStatus() == TestAssertion.Status.FAILED) {
          String k = t.getRuleId().getClause() + "-" + t.getRuleId().getTestNumber();
          n.merge(k, 1, Integer::sum); m.putIfAbsent(k, t.getMessage() + " @ " + t.getLocation().getContext());
        }
        for (String k : n.keySet()) System.out.println("   " + k + " x" + n.get(k) + ": " + m.get(k));
        if (!r.isCompliant()) bad++;
      }
    }
    System.exit(bad == 0 ? 0 : 1);
  }
}
