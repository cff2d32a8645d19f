"""One type of finding, the rules as data, and the printers; a rule never prints, a printer never decides."""
