# Turns every file of samples/ into two symbols of the program: where it begins and where it ends.
#   cmake -DROOT=<folder> -DOUT=<file.inc> -P embed.cmake
file(GLOB_RECURSE files RELATIVE ${ROOT} ${ROOT}/hls/*)
list(SORT files)
set(text "// Made by apps/p2pml/embed.cmake.\n")
set(rows "")
set(index 0)
foreach(file IN LISTS files)
  string(APPEND text
    "__asm__(\".section .rodata\\n.global p2pml_sample_${index}\\n.global p2pml_sample_${index}_end\\n.balign 16\\n\"\n"
    "        \"p2pml_sample_${index}:\\n.incbin \\\"${ROOT}/${file}\\\"\\np2pml_sample_${index}_end:\\n.byte 0\\n.text\\n\");\n"
    "extern \"C\" const unsigned char p2pml_sample_${index}[];\n"
    "extern \"C\" const unsigned char p2pml_sample_${index}_end[];\n")
  string(APPEND rows "    {\"/${file}\", p2pml_sample_${index}, p2pml_sample_${index}_end},\n")
  math(EXPR index "${index} + 1")
endforeach()
string(APPEND text
  "namespace {\nstruct EmbeddedFile {\n  std::string_view path;\n  const unsigned char* begin;\n  const unsigned char* end;\n};\n"
  "const EmbeddedFile kEmbeddedFiles[] = {\n${rows}};\n}  // namespace\n")
file(WRITE ${OUT} "${text}")
