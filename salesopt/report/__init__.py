"""From notebooks to a quarterly report: parameters, runs, the page, the PDF, the workbook."""
