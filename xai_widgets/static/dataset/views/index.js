var re=(t,e)=>t.addEventListener("abort",e);function Ce(t){if(!Number.isFinite(t))return"–";let e=Math.abs(t),r=e>=1e4||e>0&&e<.001?t.toExponential(1).replace("e+","e"):String(+t.toPrecision(3));return(t>0?"+":"")+r.replaceAll("-","−")}function fe(t,e=1){let r=10**-e;return t>0&&200*t<r?`<${r} %`:`${(100*t).toFixed(e)} %`}var _e=t=>t!=="rest"&&t!=="stopped";function oe(t,e,r){return Math.max(e,Math.min(r,t))}function he(t){return typeof t=="string"?Uint8Array.from(atob(t),e=>e.charCodeAt(0)):new Uint8Array(t.buffer,t.byteOffset,t.byteLength)}function $e(t,e,r,n){let o=e?t:0;return Float32Array.from({length:o+t+1},(l,i)=>{let d=(i-o)/t;return Math.sign(d)*Math.abs(d)**n*r})}var Me=8191;function Oe(t,e,r,n="smooth"){let{signed:o,gamma:l}=t,[i,d]=t.shape,c=t.peak||0,s=he(t.data),u=$e(o?127:255,o,c,l),p=Te(s,u),b={width:e,height:r,signed:o,nativeValues:u,nativeCounts:p};if(d===e&&i===r)return{...b,index:s,values:u,counts:p};let g=Float32Array.from(s,m=>u[m]),K=$e(Me,o,c,2),M=o?Me:0,x=ht(g,i,d,r,e,n),f=new Uint16Array(x.length);for(let m=0;m<x.length;m++){let A=x[m]/(c||1);f[m]=M+Math.round(Math.sign(A)*Math.sqrt(Math.abs(A))*Me)}return{...b,index:f,values:K,counts:Te(f,K)}}function Te(t,e){let r=new Uint32Array(e.length);for(let n=0;n<t.length;n++)r[t[n]]++;return r}function ht(t,e,r,n,o,l){if(l==="cells"){let c=new Float32Array(n*o);for(let s=0;s<c.length;s++){let[u,p]=[Math.floor(s/o)+.5,s%o+.5];c[s]=t[Math.floor(u*(e/n))*r+Math.floor(p*(r/o))]}return c}let i=n>e?Pe:Ue;return(o>r?Pe:Ue)(i(t,r,e,n,r),n,r,o,1)}function Pe(t,e,r,n,o){let l=new Float32Array(e*n),i=o===1,[d,c]=[Number.POSITIVE_INFINITY,Number.NEGATIVE_INFINITY];for(let s of t)d=Math.min(d,s),c=Math.max(c,s);for(let s=0;s<n;s++){let u=oe((s+.5)*(r/n)-.5,0,r-1),p=Math.floor(u),b=u-p,[g,K,M,x]=[-1,0,1,2].map(w=>oe(p+w,0,r-1)*o),f=((2-b)*b-1)*b/2,m=((3*b-5)*b*b+2)/2,A=((4-3*b)*b+1)*b/2,C=(b-1)*b*b/2;for(let w=0;w<e;w++){let y=i?w*r:w,E=f*t[y+g]+m*t[y+K]+A*t[y+M]+C*t[y+x];l[i?w*n+s:s*o+w]=Math.max(d,Math.min(c,E))}}return l}function Ue(t,e,r,n,o){let l=new Float32Array(e*n),i=o===1;for(let d=0;d<n;d++){let c=Math.max(0,(d+.5)*r/n-.5),s=Math.min(Math.floor(c),r-1),u=Math.min(s+1,r-1),p=c-s;for(let b=0;b<e;b++){let g=i?b*r:b,K=t[g+s*o],M=t[g+u*o];l[i?b*n+d:d*o+b]=(1-p)*K+p*M}}return l}function a(t,...e){let[r,...n]=t.split("."),o=document.createElement(r||"div");r==="button"&&O(o,{type:"button"}),o.className=n.map(l=>`xw-${l}`).join(" ");for(let l of e)typeof l=="string"||l instanceof Node?o.append(l):O(o,l);return o}function O(t,e){for(let[r,n]of Object.entries(e)){let o=r.replace("_","data-xw-").replace("$","aria-");n==null||n===!1?t.removeAttribute(o):t.setAttribute(o,n===!0?"":`${n}`)}}function W(t,e){t.textContent!==e&&(t.textContent=e)}function ee(t,e){t.hidden=!e,W(t,e)}function $(t,e,r,n){for(let o of r.split(" "))e.addEventListener(o,n,{signal:t,passive:!1})}var te=t=>t.preventDefault(),Re=({ctrlKey:t,metaKey:e,altKey:r})=>t||e||r;function Qe(t,e,...r){let n=document.createElementNS("http://www.w3.org/2000/svg",t);return O(n,e),n.append(...r),n}function Fe(t,e="",r="0 0 16 16"){return Qe("svg",{class:e,viewBox:r,preserveAspectRatio:"none",$hidden:"true"},Qe("path",{d:t}))}function gt(t){let e=new AbortController;return re(t,()=>e.abort()),()=>(e.abort(),e=new AbortController,e.signal)}function ce(t,e,r){let n=[...e.children],o=gt(t),l,i=[];return(d,c=d)=>{if(c===l)return i;l=c;let s=o(),u=d.map((p,b)=>r(p,b,s));return i=u.map(([,p])=>p),e.replaceChildren(...n,...u.flatMap(([p])=>p)),i}}function Be(t,e,r){t.width=e,t.height=1;let n=new ImageData(e,1);for(let o=0;o<e;o++)n.data.set(r(o),4*o);t.getContext("2d")?.putImageData(n,0,0)}var ge=()=>`xw-${Math.random().toString(36).slice(2)}`;function ue(t,e,r,n,o){let l=ge(),i=n.map(([u,,p])=>a("input",{type:"radio",name:l,value:u,$label:p})),d=n.map(([,u],p)=>a("label.segment",{_text:u},i[p],u)),c=a(".segments",{role:"radiogroup",$label:e,_control:r});return c.append(...d),$(t,c,"change",({target:u})=>o(u.value)),$(t,c,"dblclick",()=>o(n[0][0])),[c,(u,p=null)=>{for(let[b,[g,,K]]of n.entries())O(d[b],{title:p??K}),O(i[b],{disabled:!!p}),i[b].checked=g===u}]}var we=[["inferno","Inferno",0,"00810080048183LK9E7R2LM21^2R_6^27^2R_2R__677dDd89fJKK]0^Q_Dd8fJK0LM277^2g_9Nd87^_DIK]]]KI777^2R_27^_27^2^QMM]KKKE99`87R2^QQQ0L0LKKKMKKKM2dJNNKIEd87EI07K]6d8KKKK]0^6^_8IdJIKKKKK]KM]011^QM2L`9g2LId2LK7LKI0I",[]],["viridis","Viridis",0,"44800181548279fJKKKMQQ2R__677777R_2R_Q_Q2R21^KQI971LE`_2LKKKId877R_Q2^Q2R_DI777de89E99fJEKIKfJKKKKKQKKK0LKKKMKKKMKKQK0L]KMQQQM_Q____DdDd8EEI_8deJEKQ]]677EIII9KfJKKKKKKKK0L]01^Q_2`DIIIKKK01^Q_D7EdeeD^fhM9L",[]],["cividis","Cividis",0,"008022814e81KKKKK<.K]_8EfJKKKKKKQK0L0L0L]KMKMKKKKQKKKKKKKEKKKKKIKKEKfJfJ9f/K]]Q2^2^QQM2^QQ2^]Q21^QQ21^]QQMM2111111LMMQQ]KMQ0LQKMKMKQKKQKKKKN^Q]K).LQ]KMKMKKKKKKIKEfJIEEEd8dJKIQKK0LQ]]]]Q_6^__DdDEE9KKQ]6IoN",[22,2,762,1]],["gray","Grey",0,"008100810081",[]],["coolwarm","Blue to red",1,"3b814c82c082KIE999EEd8E7E7`8`8d8d8EIIIIEKfJKKKQ]Q__DEEKKKQQ277EdJIKKM01^677LQQQM2^6^2777`DEIIEKKKKMQ2^_Dd8K[_8EI9KKKQ0^]_67`8EEEfJKKQ0^c8Z_J__D799KKK]]Q__8EfJK]]]_6EdJEKKM]27777d_87`87`D77d__27^2^QMMM]K]",[]],["BrBG","Brown to teal",1,"548230810580E9fJIIKKKKKK0999999]KKMK0IKKQKKBIEfJI*IE9fJI9KKKKKdKKKKQfLKKMKKKId89EIL]K0LK__27R_D677777]_____)7^_67CKQKM0LQKQKQKlJKKEKKd8E7EdJE9fJIE:E7E7`VfJ9KEK]]0111IK]KKK]8d8d8I6^27^2IKKKKKfJKKEKKE9fJE9",[126,-1,305,1,433,-1,638,-2]],["berlin","Blue to red, dark centre",1,"9e7eb080ff7f]Q_6777^]E7L;KEEId8EdD77RM]EK`QEfJKId8`__21LfJI9KKKKKKKKKKIK9KEKQM2^_DEQ679fJfJ9KIEEEd8`__2LQ9f8LEEIEEd87RMK9`21LM0L]K0LKKKKKKKKKQKQ67IK]677^__6^QMMMM0LKKf8`6^SfSM]KK9K99^K99RMKK9fJIde8E7`87`J",[]]];var Ve=we.map(([t,e,r])=>({name:t,title:e,diverging:!!r})),De=new Map;function He(t){let e=De.get(t);if(e)return e;let[,,r,n,o]=we.find(([i])=>i===t)??we[0],l=wt(n,o,r);return De.set(t,l),l}function wt(t,e,r){let n=new Uint8Array(768),o=Array.from({length:768},(l,i)=>{let d=t.charCodeAt(12+(i>>2))||75;return Math.floor((d-35)/3**(i&3))%3-1});for(let l=0;l<e.length;l+=2)o[e[l]]+=e[l+1];for(let l=0;l<3;l++){let i=+`0x${t.slice(4*l,4*l+2)}`,d=+`0x${t.slice(4*l+2,4*l+4)}`-128;for(let c=r;c<256;c++)n[3*c+l]=i,i+=d,d+=o[256*l+c-r]}return r&&n.copyWithin(0,3,6),n}function Je(t,e){let r=t==="auto"?e?"coolwarm":"inferno":t;return Ve.find(n=>n.name===r)??Ve[0]}var xt=.5;function je(t,e){return e==="positive"?Math.max(t,0):e==="negative"?Math.min(t,0):t}function qe(t,e,r){return We(t,e,r,!0)}function ze(t,e,r){let n=We(t,xt,r,!1);return n<e?n:0}function We({nativeValues:t,nativeCounts:e},r,n,o){let l=Array.from(t,(b,g)=>[Math.abs(je(b,n)),e[g]]).sort(([b],[g])=>b-g),i=e.reduce((b,g)=>b+g),d=b=>{let g=b;for(let[K,M]of l)if(g-=M,g<0)return K;return 0},c=(i-1)*r/100,s=Math.floor(c),u=d(s);return u+(c-s)*(d(Math.min(s+1,i-1))-u)||(o?d(i-1):0)}function yt(t,e,r){return e<=0?0:oe(je(t,r)/e,-1,1)}function vt(t,e){let r=Math.abs(t);return e?128+Math.sign(t)*Math.floor(127*r+.5):Math.floor(255*r+.5)}function At(t){return t*t*(3-2*t)}function Ze(t,e){let{most:r,foot:n=0,threshold:o,sign:l,lut:i,diverging:d,opaque:c}=e,s=r>0?n/r:0,u=new Uint8ClampedArray(4*t.length);for(let p=0;p<t.length;p++){let b=yt(t[p],r,l);Math.abs(b)<o&&(b=0);let g=3*vt(b,d);u[4*p]=i[g],u[4*p+1]=i[g+1],u[4*p+2]=i[g+2],u[4*p+3]=c?255:Math.floor(255*At(oe((Math.abs(b)-s)/(1-s),0,1))+.5)}return new Uint32Array(u.buffer)}function Ge(t,e,r){for(let n=0;n<t.length;n++)t[n]=r[e[n]]}var xe;function ke(t,e,r,n){let{width:o,height:l}=t,i=t.getContext("2d");if(!i)return;let d=Math.min(o/e.width,l/e.height),[c,s]=[Math.round(e.width*d),Math.round(e.height*d)],[u,p]=[o-c>>1,l-s>>1];if(i.globalAlpha=1,i.globalCompositeOperation="source-over",i.clearRect(0,0,o,l),i.imageSmoothingEnabled=Math.max(e.width,e.height)>=64,i.drawImage(e,u,p,c,s),!r?.peak||!c||!s)return;xe??=new OffscreenCanvas(1,1),Object.assign(xe,{width:c,height:s});let b=new ImageData(c,s),g=Oe(r,c,s),{clip:K,sign:M,threshold:x,opacity:f,blend:m}=n,{name:A,diverging:C}=Je(n.colormap,r.signed),w=qe(g,K,M),y=ze(g,w,M),E={most:w,foot:y,threshold:x,sign:M,lut:He(A),diverging:C,opaque:!1};Ge(new Uint32Array(b.data.buffer),g.index,Ze(g.values,E)),xe.getContext("2d").putImageData(b,0,0),i.globalAlpha=f,i.globalCompositeOperation=m==="normal"?"source-over":m,i.drawImage(xe,u,p),i.globalAlpha=1,i.globalCompositeOperation="source-over"}var Ye=[["heatmap","Open in the heatmap viewer"],["faithfulness","Does the map tell the truth?"],["comparison","Compare gradients"]],Kt=288;function Xe(t,e,r){let n=a("canvas.photo",{role:"img"}),o=a(".placebox",{hidden:!0}),l=a(".photobox",n,o),[i,d]=[a("p.facts.key"),a("p.facts")],c=a(".bars"),s=a(".near"),u=a("section.part",a("h3","Looks most like"),s),p=a(".verdicts"),b=a("button.link",{_control:"undo"},"Undo"),g=a("span"),K=a("section.part",a("h3.split","What is it?",g),p,b),M=Ye.map(([h,L])=>a("button.wide",{_control:`open-${h}`},L)),x=a("button.wide",{_control:"cover"}),f=a("p.tried"),m=a("section.part.test",a("p",a("b","Test it. "),"Draw a box on the picture over what you suspect, and cover it in all that are shown: the change is told beside that of random places."),x,f),A=a("section.part",...M),C=a("p.nothing","Choose a picture: click one, or walk with the arrow keys."),w="prediction",y,E=-1,F,ie=[1,1],[X,Y]=ue(t,"Map for","map-of",[["prediction","answer"],["label","label"]],h=>{w=h,B()}),ne=a(".chosen",l,X,i,d,c,u,K,m,A),se=a(".one",C,ne);$(t,b,"click",e.undo),M.forEach((h,L)=>{$(t,h,"click",()=>r.open(Ye[L][0]))}),$(t,x,"click",()=>{y&&e.cover([...e.rows],y)});let Z,v=({clientX:h,clientY:L})=>{let{left:R,top:k,width:I,height:H}=n.getBoundingClientRect(),J=G=>Math.max(0,Math.min(1,G));return[J((h-R)/I),J((L-k)/H)]};$(t,n,"pointerdown",h=>{e.frozen||!e.head?.able||(Z=v(h),n.setPointerCapture(h.pointerId),te(h))}),$(t,n,"pointermove",h=>{if(!Z)return;let L=v(h),[R,k]=[Math.min(Z[0],L[0]),Math.min(Z[1],L[1])];y=[R,k,Math.abs(L[0]-Z[0]),Math.abs(L[1]-Z[1])],N()}),$(t,n,"pointerup pointercancel",()=>{Z=void 0,y&&y[2]*y[3]<2e-4&&(y=void 0),N()});function N(){let h=y??e.set(e.looks.slice)?.box??void 0;if(o.hidden=!h,h){let[R,k,I,H]=h.map(J=>`${100*J}%`);o.style.cssText=`left:${R};top:${k};width:${I};height:${H}`}y??=h?[...h]:void 0;let L=e.rows.length;W(x,y?`Cover it in these ${L.toLocaleString("en")} pictures`:"Draw a box on the picture"),x.disabled=!y||!!e.experiment?.busy||!L}let S=ce(t,p,(h,L,R)=>{let k=a("button.verdict",{$pressed:"false"},a("span.keycap",String(L+1)),h);return $(R,k,"click",()=>r.decide(h)),[k,()=>O(k,{$pressed:String(e.table?.word("verdict",E)===h)})]}),T=ce(t,c,([h,L,R])=>{let k=a("span.class",h,R&&a("span.note",` ${R}`));return k.style.backgroundSize=`${100*L}% 100%`,[a(".bar",{_kind:R},k,a("span.chance",fe(L))),()=>{}]}),P=ce(t,s,(h,L,R)=>{let k=a("canvas",{$hidden:"true"}),I=a("button.mini",k);$(R,I,"click",()=>r.choose(h));let H=!1;return[I,()=>{let{table:J}=e,G=J?.word("prediction",h)??"",j=J?.word("label",h)??"",ae=j&&j!==G?`${G}, labelled ${j}`:G;O(I,{title:ae,$label:ae,_wrong:!!(j&&j!==G)});let me=e.pictures.bitmap(h);!me||H||(H=!0,Object.assign(k,{width:112,height:112}),ke(k,me,void 0,e.looks))}]});async function Q(h,L){try{let R=await createImageBitmap(new Blob([he(L.data)],{type:L.mime}));F?.bitmap.close(),F={row:h,picture:L,bitmap:R},h===E&&_()}catch(R){console.warn(R)}}function _(){let h=F?.row===E?F.bitmap:e.pictures.bitmap(E);if(!h)return;let L=Math.min(devicePixelRatio||1,2),R=Kt*L/Math.max(h.width,h.height),k=[Math.round(h.width*R),Math.round(h.height*R)];(n.width!==k[0]||n.height!==k[1])&&Object.assign(n,{width:k[0],height:k[1]}),ie=k,l.style.setProperty("--xw-aspect",String(ie[0]/ie[1])),ke(n,h,e.looks.maps?U():void 0,e.looks),O(n,{_sharp:F?.row===E,_row:E})}function U(){if(w==="prediction"||D())return e.pictures.sprite(E)?.map;let h=e.labelMap(E);return typeof h=="string"?void 0:h}let D=()=>{let{table:h}=e,L=h?.word("label",E);return!L||L===h?.word("prediction",E)};function B(){let{table:h,frozen:L,head:R,looks:k}=e,I=k.row??-1,H=!!(h&&I>=0&&I<h.count);if(C.hidden=H,ne.hidden=!H,!h||!H)return;I!==E&&(E=I,y=void 0,e.lookAt(I));let J=e.detail(I);J?.picture&&F?.picture!==J.picture&&Q(I,J.picture);let[G,j]=[h.word("prediction",I),h.word("label",I)],ae=h.number("probability",I);X.hidden=D()||L&&e.labelMap(I)===void 0,w==="label"&&!X.hidden&&e.askLabelMap(I),Y(w),_(),N(),W(i,[h.word("key",I),`row ${I.toLocaleString("en")}`,...V(I)].filter(Boolean).join(" · "));let me=w==="label"&&typeof e.labelMap(I)=="string"?String(e.labelMap(I)):"";ee(d,[J?.words,me].filter(Boolean).join(" "));let le=!!h.correct[I],pe=(J?.top??[]).map(({name:z,probability:Le,index:bt})=>[z,Le,ft(z,bt)]),ve=Math.exp(-h.number("loss",I)),Ae=[];G&&!Number.isNaN(ae)&&Ae.push([G,ae,le?"right":j?"wrong":""]),j&&!le&&!Number.isNaN(ve)&&Ae.push([j,ve,"label"]),pe.length&&j&&!le&&!pe.some(([z])=>z===j)&&pe.push([j,ve,"label"]);function ft(z,Le){return z===j?le?"right":"label":z===G&&j&&!le?"wrong":""}let Ie=pe.length?pe:Ae;for(let z of T(Ie,JSON.stringify(Ie)))z();let be=e.nearest(I);u.hidden=!be.length,e.wantAlso(be);for(let z of P(be,be.join()))z();let Ne=r.subjects();W(g,Ne.length>1?`${Ne.length.toLocaleString("en")} chosen`:""),K.hidden=L&&!h.word("verdict",I),b.hidden=L;for(let z of S(e.verdict_words))z();for(let z of p.querySelectorAll("button"))z.disabled=L;m.hidden=A.hidden=L||!R?.able;let{experiment:Ke}=e;O(f,{_survives:Ke?.survives}),ee(f,Ke?.busy?"Covering …":Ke?.words??"");let mt=_e(e.state())&&["gone","silent"].includes(e.state());for(let z of M)z.disabled=mt;O(n,{$label:`${h.word("key",I)}: ${G} ${Number.isNaN(ae)?"":fe(ae)}${j&&!le?`, labelled ${j}`:""}`})}function V(h){let{table:L,head:R}=e,k=(R?.metadata??[]).slice(0,6).map(H=>{let J=L.word(H,h);return J&&`${H} ${J}`}),I=L.number("loss",h);return[...k,Number.isNaN(I)?"":`loss ${Ce(I).replace("+","")}`]}return{part:[se,B],paint:()=>{_();for(let h of P(e.nearest(E),e.nearest(E).join()))h()}}}var de=65535;function et(t,e){let[r,n]=[t.codes("label"),t.codes("prediction")],o=new Map,l=t.classes.length;for(let i=0;i<t.count;i++){if(e&&!e[i]||r[i]===de||n[i]===de)continue;let d=r[i]*l+n[i];o.set(d,(o.get(d)??0)+1)}return o}function tt(t,e){let r=new Map;for(let[n,o]of t){let l=Math.floor(n/e);r.set(l,(r.get(l)??0)+o)}return[...t].map(([n,o])=>{let l=Math.floor(n/e);return{label:l,prediction:n%e,count:o,share:o/r.get(l)}}).filter(({label:n,prediction:o})=>n!==o).sort((n,o)=>o.count-n.count||o.share-n.share||n.label-o.label)}function nt(t,e,r,n){let o=[],l=n.length/2;for(let i=0;i<t.length;i++){if(!r[i]||Number.isNaN(t[i]))continue;let[d,c]=[t[i],e[i]],s=!1;for(let u=0,p=l-1;u<l;p=u++){let[b,g]=[n[2*u],n[2*u+1]],[K,M]=[n[2*p],n[2*p+1]];g>c!=M>c&&d<(K-b)*(c-g)/(M-g)+b&&(s=!s)}s&&o.push(i)}return o}var ye=25,Ee=40;function rt(t,e,r){let n=e.length,o=Math.min(r,n),l=[],i=0;for(let s=0;s<o;s++){let u=Math.floor(n/o)+ +(s<n%o);l.push(e.slice(i,i+u)),i+=u}let d=new Map(l.flatMap((s,u)=>s.map(p=>[p,u]))),c=l.map(()=>new Array(o).fill(0));for(let[s,u]of t)c[d.get(Math.floor(s/n))][d.get(s%n)]+=u;return{counts:c,bundles:l}}function ot(t,e,r){let n=a("table.matrix",{_control:"confusion"}),o=a(".pairs"),[l,i]=[a("p.facts"),a("p.facts")],d=a(".matrixbox",n),c=a(".confusion",l,d,a("h3","Taken for another"),o,i),s="",u=ce(t,o,({label:g,prediction:K,count:M,share:x},f,m)=>{let{classes:A}=e.table,C=a("button.set.pair",a("span.title",`${A[g]} → ${A[K]}`)),w=a("canvas.sharebar",{$hidden:"true"});return Be(w,1,()=>[0,0,0,0]),C.append(a("span.figure",M.toLocaleString("en")),a("span.note",`${fe(x,0)} of them`)),$(m,C,"click",()=>r.show({label:[g],prediction:[K]},"")),[C,()=>{}]});function p(){let{table:g}=e;if(!g)return;let K=g.classes.length,M=K>ye;M&&g.done+g.failed===g.count&&e.read("order");let x=`${g.answered} ${e.order?.length}`;if(x===s)return;s=x;let f=et(g),m=tt(f,K),A=m.reduce((E,{count:F})=>E+F,0),C=e.order?[...e.order]:g.classes.map((E,F)=>F),w=`${A.toLocaleString("en")} of ${e.total.labelled.toLocaleString("en")} pictures are taken for another class.`;W(l,M?`${w} ${K.toLocaleString("en")} classes in ${Math.min(ye,K)} bundles, those that are confused beside each other; a cell shows its pictures.`:`${w} Labels down, answers across; a cell, a row or a column shows its pictures.`),M?b(rt(f,C,ye),g.classes,!0):b(rt(f,g.classes.map((E,F)=>F),ye),g.classes,!1),u(m.slice(0,Ee));let y=m.slice(Ee).reduce((E,{count:F})=>E+F,0);W(i,y?`and ${y.toLocaleString("en")} in ${(m.length-Ee).toLocaleString("en")} other confusions`:"")}function b({counts:g,bundles:K},M,x){let f=g.map(y=>y.reduce((E,F)=>E+F,0)),m=y=>y.length>1?`${M[y[0]]} and ${y.length-1} more`:M[y[0]],A=(y,E)=>($(t,y,"click",()=>r.show(E,"")),y),C=K.map(y=>a("th",{scope:"col"},A(a("button.turned",{title:`answers: ${m(y)}`},x?"":m(y)),{prediction:y}))),w=g.map((y,E)=>{let F=K[E],ie=A(a("button.side",{title:`labels: ${m(F)}`},m(F)),{label:F}),X=y.map((Y,ne)=>{let se=f[E]?Y/f[E]:0,Z=E===ne,v=`${m(F)}, answered ${m(K[ne])}: ${Y}`,N=a("button.cell",{title:v,$label:v,disabled:!Y},x||!Y?"":String(Y));N.style.setProperty("--xw-weight",`${Math.round(100*Math.sqrt(se))}%`),O(N,{_right:Z,_strong:se>.45});let S={label:F,prediction:K[ne]};return a("td",A(N,x&&Z?{...S,correct:!1}:S))});return a("tr",a("th",{scope:"row"},ie),...X)});n.replaceChildren(a("tr",a("td"),...C),...w),O(n,{_many:x}),n.style.setProperty("--xw-n",String(K.length))}return[c,p]}function it(t,e,r){let n=a("button.link.back",{_control:"back"},"← Back to the pictures"),o=a("span.facts"),[l,i]=ue(t,"Viewer","viewer",[["heatmap","Heatmap"],["faithfulness","Faithfulness"],["comparison","Gradients"]],K=>r.open(K)),d=a("p.nothing",{hidden:!0}),c=a(".place"),s=a(".inplace",{hidden:!0},a(".tools2",n,o,a("span.spring"),l),d,c),u;$(t,n,"click",g),t.addEventListener("abort",()=>u?.());function p(K,M){s.hidden=!1,i(K),W(o,M),ee(d,"Opening …"),u?.(),u=void 0,c.replaceChildren(),n.focus({preventScroll:!0})}async function b(K){if(!s.hidden){if(K.words)return ee(d,K.words);try{let M=await e.widget_manager.get_model(K.model),x=new Blob([String(M.get("_esm"))],{type:"text/javascript"}),f=URL.createObjectURL(x),m=(await import(f)).default;URL.revokeObjectURL(f);let A=a("");c.replaceChildren(A);let C=A.attachShadow({mode:"open"}),w=document.createElement("style");w.textContent=String(M.get("_css"));let y=document.createElement("div");C.append(w,y);let E=new AbortController;m.render({model:M,el:y,signal:E.signal}),u=()=>E.abort(),ee(d,"")}catch(M){ee(d,`This host cannot show a viewer in place (${M}). In a cell: xw.HeatmapViewer(study.engine, ...)`)}}}function g(){s.hidden||(u?.(),u=void 0,c.replaceChildren(),s.hidden=!0,r.closed())}return{element:s,wait:p,take:b,close:g,isOpen:()=>!s.hidden}}var st=380;function at(t,e,r,n,o){let l=ge(),i=a(".popup",{role:"listbox",id:l,$label:n,hidden:!0}),d=[],c=[],s=-1;e.append(i),re(t,()=>i.remove()),O(r,{role:"combobox",$haspopup:"listbox",$expanded:"false",$controls:l}),$(t,i,"pointerdown mousedown",te),$(t,r,"blur",u);function u(){i.hidden||(i.hidden=!0,O(r,{$expanded:"false",$activedescendant:null}))}function p(x){!x||x.reason||(u(),o(x.value))}function b(x){d[s]?.removeAttribute("data-xw-active"),s=x;let f=d[x];if(O(r,{$activedescendant:f?.id}),!f)return;O(f,{_active:!0});let{offsetTop:m,offsetHeight:A}=f;i.scrollTop=oe(i.scrollTop,m+A-i.clientHeight+4,Math.max(0,m-28))}function g(x,f){for(let m=x;c[m];m+=f)if(!c[m]?.reason){b(m);break}}function K(x,f,m){let{value:A,reason:C,note:w,swatch:y}=x,E=a("label.option",{id:`${l}-${f}`,role:"option",$selected:String(A===m),$disabled:C?"true":null,_value:A});return y&&E.append(y()),E.append(a("span.label",x.label),a("span.note",C??w??"")),$(t,E,"click",()=>p(x)),E}function M(){let x=i.offsetParent.getBoundingClientRect(),f=r.getBoundingClientRect(),m=x.bottom-f.bottom-12,A=f.top-x.top-12,C=m<Math.min(i.scrollHeight+2,st)&&A>m,w=x.width-16,y=Math.min(f.left-x.left-1,w+8-i.offsetWidth);i.style.cssText=`min-width:${Math.min(f.width,w)}px;left:${Math.max(8,y)}px;max-height:${oe(C?A:m,120,st)}px;${C?`bottom:${x.bottom-f.top+3}`:`top:${f.bottom-x.top+3}`}px`}return{isOpen:()=>!i.hidden,close:u,walk:g,open(x,f){c=x,s=-1,d=c.map((w,y)=>K(w,y,f)),i.replaceChildren();let m,A=i;c.forEach((w,y)=>{w.group&&w.group!==m&&(m=w.group,A=a("",{role:"group",$label:m},a(".group",m)),i.append(A)),A.append(d[y])}),i.hidden=!1,O(r,{$expanded:"true"}),M();let C=c.findIndex(({value:w})=>w===f);C<0?g(0,1):b(C)},find(x){let f=c.length,m=Math.max(0,x.length>1?s:s+1);for(let A=0;A<f;A++){let{label:C,reason:w}=c[(m+A)%f];if(!(w||!C.toLowerCase().startsWith(x))){b((m+A)%f);break}}},key(x){let{key:f}=x;if(f==="ArrowDown")g(s+1,1);else if(f==="ArrowUp")g(s-1,-1);else if(f==="Enter")p(c[s]);else if(f==="Escape")u(),x.stopPropagation();else return!1;return te(x),!0}}}var Mt=700;function lt(t,e,r,n,o,l,i){let[d,c]=[a("span.label"),a("span.note")],s=Fe("M4 6.5l4 4 4-4"),u=a(`button.field.picker.${o}`,{_control:n},d,c,s),p=at(t,e,u,r,l),b=[],g=[],K="",M="",x=0,f=()=>{u.focus(),g=typeof b=="function"?b():b,p.open(g,K)};return $(t,u,"click",()=>p.isOpen()?p.close():f()),i&&$(t,u,"dblclick",i),$(t,u,"keydown",m=>{let{key:A,timeStamp:C}=m,w=/^[^ ?]$/.test(A)&&!Re(m);if(p.isOpen()){if(p.key(m))return;if(A==="Home")p.walk(0,1);else if(A==="End")p.walk(g.length-1,-1);else if(!w)return}else if(w||A==="ArrowDown"||A==="ArrowUp")f();else return;te(m),w&&(M=C-x>Mt?A:M+A,x=C,p.find(M.toLowerCase()))}),{element:u,show(m,A,C,w="",y=!1){b=m,K=A,W(d,C),O(d,{title:C}),W(c,w),O(u,{disabled:y,$label:`${r}: ${C}${w&&`, ${w}`}`})}}}var ct=5e3,kt=["correct","label","prediction","loss","probability","slice"],Se=["#4477aa","#ee7733","#228833","#cc3377","#66ccee","#aa7744","#9988dd","#bbaa33","#009988","#777777"];function Et(t,e){return[ut(t),ut(e)]}function ut(t){let[e,r]=[Number.POSITIVE_INFINITY,Number.NEGATIVE_INFINITY];for(let n of t)n<e&&(e=n),n>r&&(r=n);return t.map(n=>.03+.94*(n-e)/(r-e||1))}function dt(t,e,r,n){let o=a("canvas.cloud",{role:"img",_control:"similarity"}),l=a("canvas.cloud",{$hidden:"true"}),[i,d]=[a("p.facts"),a("p.legend2")],c=a(".hover2",{hidden:!0}),s=a(".cloudbox",{tabindex:0,role:"group",$label:"Similarity"},o,l,c),u="tsne",p="correct",[b,g]=ue(t,"Projection","projection",[["tsne","t-SNE"],["pca","components"]],v=>{u=v,e.read(u),Z()}),K=lt(t,r,"Colour by","colour","prefixed.colour",v=>{p=v,Z()}),M=a("button.wide",{_control:"tsne"},"Place all pictures by t-SNE");$(t,M,"click",()=>e.read("tsne",!0));let x=a(".similarity",a(".tools2",K.element,a("span.spring"),b),s,M,d,i),[f,m]=[new Float32Array,new Float32Array],A,C="",w=[],y=!1;function E(){let v=e.table,N=getComputedStyle(r),S=N.getPropertyValue("--xw-point")||"#4477aa",T=N.getPropertyValue("--xw-wrong-ink")||"#d9480f",P=N.getPropertyValue("--xw-faint")||"#bbb";if(p==="correct")return{of:_=>v.correct[_]?S:v.codes("label")[_]===de?P:T,keys:[["right",S],["wrong",T]]};if(p==="slice"){let _=e.set(e.looks.slice)?.mask,U=e.set(e.looks.slice)?.title??"no slice is shown";return{of:D=>_?.[D]?T:S,keys:[[U,T],["the others",S]]}}let Q=v.columns.get(p);if(Q?.kind==="number"){let[_,U]=[Number.POSITIVE_INFINITY,Number.NEGATIVE_INFINITY];for(let B of Q.data)B<_&&(_=B),B>U&&Number.isFinite(B)&&(U=B);let D=B=>`hsl(${(250-215*B).toFixed(0)} 75% ${(45+8*B).toFixed(0)}%)`;return{of:B=>{let V=(Q.data[B]-_)/(U-_||1);return Number.isNaN(V)?P:D(Math.round(12*Math.min(1,Math.sqrt(V)))/12)},keys:[[`${p} ${+_.toPrecision(2)}`,D(0)],[String(+U.toPrecision(3)),D(1)]]}}if(Q?.kind==="code"){let _=new Map;for(let V of Q.data)V!==de&&_.set(V,(_.get(V)??0)+1);let U=[..._].sort((V,q)=>q[1]-V[1]).slice(0,Se.length-1).map(([V])=>V),D=new Map(U.map((V,q)=>[V,Se[q]])),B=U.map((V,q)=>[Q.values[V],Se[q]]);return _.size>U.length&&B.push(["others",P]),{of:V=>D.get(Q.data[V])??P,keys:B}}return{of:()=>S,keys:[]}}function F(){let{clientWidth:v,clientHeight:N}=s,{table:S,mask:T,rows:P}=e;if(!S||!v||!A)return;let Q=r.dataset.xwTheme,_=[v,N,u,p,S.version,P.length,e.looks.slice,Q,A.length].join();if(_===C&&ie===P)return;ie=P,C=_;let U=Math.min(devicePixelRatio||1,2);for(let k of[o,l])Object.assign(k,{width:v*U,height:N*U});let D=o.getContext("2d"),{of:B,keys:V}=E(),q=P.length<S.done,h=U*(S.done>2e4?1.2:S.done>3e3?1.8:2.8),L=new Map,R=(k,I,H)=>{let J=L.get(k);J??=new Path2D,L.set(k,J);let[G,j]=[f[I]*o.width,m[I]*o.height];J.moveTo(G+H,j),J.arc(G,j,H,0,7)};for(let k=0;k<f.length;k++)Number.isNaN(f[k])||R(`${T[k]?"1":"0"}${B(k)}`,k,T[k]?h:.8*h);for(let k of["0","1"]){D.globalAlpha=k==="0"?q?.14:.6:S.done>2e4?.6:.85;for(let[I,H]of L)I[0]===k&&(D.fillStyle=I.slice(1),D.fill(H))}D.globalAlpha=1,d.replaceChildren(...V.map(([k,I])=>{let H=a("i.dot");return H.style.background=I,a("span",H,k)})),X()}let ie;function X(){let v=l.getContext("2d");v.clearRect(0,0,l.width,l.height);let N=e.looks.row??-1,S=l.width/(s.clientWidth||1);if(v.lineWidth=2*S,v.strokeStyle=getComputedStyle(r).color,N>=0&&!Number.isNaN(f[N]??Number.NaN)&&(v.beginPath(),v.arc(f[N]*l.width,m[N]*l.height,6*S,0,7),v.stroke()),!(w.length<4)){v.lineWidth=1.2*S,v.setLineDash([4*S,3*S]),v.beginPath();for(let T=0;T<w.length;T+=2)v.lineTo(w[T]*l.width,w[T+1]*l.height);v.closePath(),v.stroke(),v.setLineDash([])}}let Y=({clientX:v,clientY:N})=>{let{left:S,top:T,width:P,height:Q}=s.getBoundingClientRect();return[(v-S)/P,(N-T)/Q]};function ne(v,N){let[S,T]=[s.clientWidth,s.clientHeight],[P,Q]=[-1,12**2],{mask:_}=e;for(let U=0;U<f.length;U++){let D=((f[U]-v)*S)**2+((m[U]-N)*T)**2;D<Q&&_[U]&&([P,Q]=[U,D])}return P}$(t,s,"pointerdown",v=>{v.button||(y=!0,w=Y(v),s.setPointerCapture(v.pointerId))}),$(t,s,"pointermove",v=>{if(y){w.push(...Y(v)),X();return}let N=ne(...Y(v));if(c.hidden=N<0,N<0)return;let{table:S}=e,T=S.word("label",N),P=S.word("prediction",N);W(c,T&&T!==P?`${P}, labelled ${T}`:P),c.style.cssText=`left:${100*f[N]}%;top:${100*m[N]}%`,O(c,{_late:f[N]>.6})}),$(t,s,"pointerleave",()=>{c.hidden=!0}),$(t,s,"pointerup pointercancel",v=>{if(!y)return;y=!1;let N=w;if(w=[],N.length<12){let S=ne(...Y(v));S>=0&&n.choose(S)}else{let S=nt(f,m,e.mask,N);S.length&&n.lasso(S),n.speak(`${S.length} pictures within the lasso`)}X(),te(v)}),$(t,s,"keydown",v=>{let[N,S]={ArrowLeft:[-1,0],ArrowRight:[1,0],ArrowUp:[0,-1],ArrowDown:[0,1]}[v.key]??[0,0];if(!N&&!S)return;let T=e.looks.row??e.rows[0]??-1,[P,Q]=[-1,Number.POSITIVE_INFINITY];for(let _=0;_<f.length;_++){let[U,D]=[f[_]-f[T],m[_]-m[T]],B=U*N+D*S,V=Math.abs(U*S)+Math.abs(D*N);_===T||!e.mask[_]||B<=0||V>B||B+2*V<Q&&([P,Q]=[_,B+2*V])}P>=0&&n.choose(P),te(v)});let se=new ResizeObserver(F);se.observe(s),re(t,()=>se.disconnect());function Z(){let{table:v,frozen:N,head:S}=e;if(!v||e.looks.view!=="similarity")return;let T=v.done+v.failed===v.count;T&&e.read(v.count<=ct?"tsne":"pca");let P=["tsne","pca"].filter(q=>e.points(q));P.length&&!P.includes(u)&&(u=P[0]);let Q=e.points(u);g(u,N?"not in this saved page":null),Q&&Q[0]!==A&&(A=Q[0],[f,m]=Et(...Q));let _=(S?.metadata??[]).filter(q=>v.columns.get(q)?.kind!=="text"),U=[...kt,..._].map(q=>({value:q,label:q==="correct"?"right or wrong":q}));K.show(U,p,U.find(({value:q})=>q===p)?.label??p);let D=e.busy("tsne")||e.busy("pca");M.hidden=N||!T||v.count<=ct||e.known("tsne")||!!e.points("tsne"),M.disabled=e.busy("tsne"),s.hidden=!Q;let B=T?"":"Similarity is worked out when all pictures are explained.";ee(i,D?"Placing the pictures …":e.words(u)||(Q?"Draw around points to keep them. What lies far apart says little.":B)),O(o,{$label:`${e.rows.length.toLocaleString("en")} pictures, alike ones near each other`}),F(),A&&X()}return[x,Z]}var pt=`/* The one that is chosen, confusion, similarity, and another viewer in the place of the pictures. */
.xw-dataset {
  /* The one that is chosen. */
  .xw-chosen {
    padding: 14px;
  }
  .xw-photobox {
    position: relative;
    overflow: hidden;
    border-radius: 6px;
    background: var(--xw-soft);
    line-height: 0;
  }
  .xw-photo {
    width: 100%;
    aspect-ratio: var(--xw-aspect, 1);
    cursor: crosshair;
    touch-action: pan-y;
  }
  .xw-placebox {
    position: absolute;
    border: 1.5px solid #fff;
    outline: 1.5px solid #000a;
    pointer-events: none;
  }
  .xw-chosen > .xw-segments {
    margin-top: 8px;
  }
  .xw-chosen > .xw-segments .xw-segment {
    flex: 1;
  }
  .xw-key {
    margin: 6px 0 8px;
    overflow-wrap: anywhere;
  }
  .xw-bar[data-xw-kind="wrong"] .xw-class {
    color: var(--xw-wrong-ink);
    font-weight: 600;
  }
  .xw-part {
    margin-top: 14px;
  }
  .xw-near {
    display: grid;
    grid-template-columns: repeat(6, 1fr);
    gap: 5px;
  }
  .xw-mini canvas {
    display: block;
    width: 100%;
    aspect-ratio: 1;
    border-radius: 4px;
    background: var(--xw-soft);
  }
  .xw-mini[data-xw-wrong] canvas {
    box-shadow: 0 0 0 1.5px var(--xw-wrong);
  }
  .xw-verdicts {
    display: grid;
    grid-template-columns: 1fr 1fr;
    gap: 6px;
  }
  .xw-verdict {
    display: flex;
    gap: 8px;
    min-height: 30px;
    padding: 4px 9px;
    border: 1px solid var(--xw-line);
    border-radius: 7px;
  }
  .xw-verdict:hover:enabled {
    background: var(--xw-soft);
  }
  .xw-verdict[aria-pressed="true"] {
    border-color: var(--xw-brand);
    background: var(--xw-tint);
  }
  .xw-keycap {
    color: var(--xw-muted);
  }
  .xw-part > .xw-link {
    display: inline-block;
    margin-top: 4px;
    font-size: 12px;
    color: var(--xw-muted);
  }
  .xw-test {
    padding: 10px 12px;
    border-left: 3px solid var(--xw-wrong);
    border-radius: 0 6px 6px 0;
    background: color-mix(in srgb, var(--xw-wrong) 10%, var(--xw-bg));
    font-size: 12px;
  }
  .xw-test .xw-wide {
    background: var(--xw-bg);
  }
  .xw-tried {
    margin-top: 8px;
  }

  /* Confusion. */
  .xw-confusion,
  .xw-similarity {
    display: flex;
    flex: 1;
    flex-direction: column;
    min-height: 0;
    padding-right: 14px;
    overflow: hidden auto;
    overscroll-behavior: contain;
  }
  .xw-matrixbox {
    flex: none;
    margin: 8px 0 16px;
    overflow: auto hidden;
  }
  .xw-matrix {
    --xw-cell: clamp(20px, calc((100cqw - 740px) / var(--xw-n)), 62px);
    border-collapse: separate;
    border-spacing: 2px;
    font-size: 11px;
    & td,
    & th {
      padding: 0;
      border: 0;
      background: none;
      font-weight: 400;
    }
    & tr,
    & tr:hover {
      background: none;
    }
  }
  .xw-cell {
    display: block;
    width: var(--xw-cell);
    height: max(18px, calc(var(--xw-cell) * 0.72));
    border-radius: 3px;
    background: color-mix(in srgb, var(--xw-wrong) var(--xw-weight), var(--xw-soft));
    font-size: 10px;
    text-align: center;
    &[data-xw-right] {
      background: color-mix(in srgb, var(--xw-brand) var(--xw-weight), var(--xw-soft));
    }
    &[data-xw-strong] {
      color: var(--xw-bg);
    }
    &:hover:enabled {
      outline: 2px solid var(--xw-fg);
    }
  }
  .xw-turned {
    width: var(--xw-cell);
    max-height: 96px;
    overflow: hidden;
    text-overflow: ellipsis;
    white-space: nowrap;
    writing-mode: vertical-rl;
    rotate: 180deg;
  }
  .xw-side {
    max-width: 132px;
    padding-right: 6px;
    overflow: hidden;
    text-align: right;
    text-overflow: ellipsis;
    white-space: nowrap;
  }
  .xw-matrix th[scope="row"] {
    text-align: right;
  }

  /* Similarity. */
  .xw-cloudbox {
    position: relative;
    flex: 1;
    min-height: 260px;
    margin: 10px 0;
    border-radius: 8px;
    background: var(--xw-soft);
    cursor: crosshair;
    touch-action: none;
  }
  .xw-cloud {
    position: absolute;
    inset: 0;
    width: 100%;
    height: 100%;
  }
  .xw-hover2 {
    position: absolute;
    padding: 3px 8px;
    border-radius: 6px;
    background: var(--xw-fg);
    color: var(--xw-bg);
    font-size: 12px;
    pointer-events: none;
    white-space: nowrap;
    translate: 12px -50%;
    &[data-xw-late] {
      translate: calc(-100% - 12px) -50%;
    }
  }
  .xw-legend2 {
    display: flex;
    flex-wrap: wrap;
    gap: 4px 14px;
    font-size: 12px;
  }
  .xw-dot {
    display: inline-block;
    width: 9px;
    height: 9px;
    margin-right: 6px;
    border-radius: 50%;
  }
  .xw-similarity .xw-facts {
    padding-bottom: 10px;
  }

  /* Another viewer in the place of the pictures. */
  .xw-inplace {
    position: absolute;
    inset: 0;
    z-index: 3;
    overflow: auto;
    padding: 10px 14px;
    background: var(--xw-bg);
  }
  .xw-place {
    margin-top: 10px;
  }

  &[data-xw-layout="medium"] .xw-matrix {
    --xw-cell: clamp(16px, calc((100cqw - 420px) / var(--xw-n)), 40px);
  }
  &[data-xw-layout="narrow"] .xw-matrix {
    --xw-cell: clamp(16px, calc((100cqw - 190px) / var(--xw-n)), 40px);
  }
}
`;function It(t,e,r){let{signal:n,root:o,model:l,speak:i}=t,d=new CSSStyleSheet;d.replaceSync(pt);let c=o.getRootNode();return c.adoptedStyleSheets=[...c.adoptedStyleSheets,d],re(n,()=>{c.adoptedStyleSheets=c.adoptedStyleSheets.filter(s=>s!==d)}),{chosen:Xe(n,e,r),confusion:ot(n,e,r),similarity:dt(n,e,o,{lasso:s=>e.where("rows",s),choose:r.choose,speak:i}),viewer:it(n,l,r)}}export{It as default};
